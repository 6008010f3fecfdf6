// A door of a network in front of a relay: it can be shut for whoever comes from a browser, or swallow what passes.

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface Door {
  readonly port: number
  /** Cuts those of a browser that are there, and lets none in until it is opened. */
  shut(): void
  open(): void
  /** Resolves when one from a browser is there. */
  entered(): Promise<void>
  close(): Promise<void>
}

/** Only a browser says so in the head of its request. */
const isBrowser = (head: Buffer): boolean => /^origin:/im.test(head.toString('latin1'))

/** `to`: where the relay listens, once that is known. */
export async function startDoor(to: () => number): Promise<Door> {
  const all = new Set<Socket>()
  const browsers = new Set<Socket>()
  let isShut = false
  let heard = () => {}
  const server = createServer((from) => {
    all.add(from)
    from.on('error', () => {})
    from.on('close', () => all.delete(from) && browsers.delete(from))
    from.once('data', (head: Buffer) => {
      if (isBrowser(head)) {
        if (isShut) return void from.destroy()
        browsers.add(from)
        heard()
      }
      const on = connect(to(), '127.0.0.1')
      on.on('error', () => from.destroy())
      on.on('close', () => from.destroy())
      from.on('close', () => on.destroy())
      on.write(head)
      from.pipe(on)
      on.pipe(from)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    shut() {
      isShut = true
      for (const socket of browsers) socket.destroy()
    },
    open() {
      isShut = false
    },
    async entered() {
      while (browsers.size === 0) {
        await new Promise<void>((resolve) => {
          heard = resolve
        })
      }
    },
    async close() {
      for (const socket of all) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
