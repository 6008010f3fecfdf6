// What the page of browser.test.ts runs: the library, as any page would use it.

import { Controller, type ControllerEvent } from '../../controller/controller.ts'
import { readPairingCode, startPairing } from '../../controller/pairing.ts'
import { Store } from '../../session/store.ts'
import { openIndexedDb } from '../indexed-db.ts'

const NAME = 'browser'

async function openStore(): Promise<Store> {
  return Store.open(await openIndexedDb())
}

let store: Promise<Store> | undefined
let controller: Controller | undefined
const events: ControllerEvent[] = []

const own = (): Promise<Store> => {
  store ??= openStore()
  return store
}

const follow = (made: Controller): Controller => {
  controller = made
  made.listen((event) => void events.push(event))
  return made
}

const running = (): Controller => {
  if (!controller) throw new Error('The page has no controller')
  return controller
}

/** Resolves when `condition` holds after some event. */
function heard(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (condition()) return resolve()
    const end = running().listen(() => {
      if (!condition()) return
      end()
      resolve()
    })
  })
}

export const page = {
  /** Scans a code; resolves with the six digits. */
  async pair(uri: string): Promise<string> {
    const opened = await own()
    return new Promise((resolve, reject) => {
      const listener = {
        digits: (digits: string, made: Controller) => {
          follow(made)
          resolve(digits)
        },
        failed: reject,
      }
      const code = readPairingCode(uri, Date.now())
      startPairing({ store: opened, code, name: NAME, listener }).catch(reject)
    })
  },

  async paired(): Promise<string> {
    await heard(() => running().record.confirmed)
    return running().agentId
  },

  /** Goes on with the pairing that an earlier life of this page has stored. */
  async resume(): Promise<string> {
    const opened = await own()
    const [record] = opened.pairings
    if (!record) throw new Error('Nothing is paired')
    return follow(new Controller({ store: opened, record, name: NAME })).agentId
  },

  /** Opens a shell, types a line, and resolves with the output once it holds `expected`. */
  async shell(line: string, expected: string): Promise<string> {
    const { terminalId } = await running().call('terminal.open', { cols: 80, rows: 24, command: ['/bin/sh'] })
    const output = () =>
      events
        .filter((event) => event.type === 'output' && event.terminalId === terminalId)
        .map((event) => new TextDecoder().decode(event.type === 'output' ? event.bytes : undefined))
        .join('')
    await running().type(terminalId, new TextEncoder().encode(`${line}\n`))
    await heard(() => output().includes(expected))
    return output()
  },

  info: () => running().call('agent.info', {}),

  /** Which of the long-lived private keys a script could read. */
  async readableKeys(): Promise<string[]> {
    const { identity, pairings } = await own()
    const keys = { identity: identity.signing, agreement: identity.dh, route: pairings[0]?.routeKey }
    const names = await Promise.all(
      Object.entries(keys).map(async ([name, key]) => {
        const exported = key && crypto.subtle.exportKey('pkcs8', key.privateKey)
        return exported?.then(
          () => name,
          () => undefined,
        )
      }),
    )
    return names.filter((name) => name !== undefined)
  },
}

export type Page = typeof page
Object.assign(globalThis, { page })
