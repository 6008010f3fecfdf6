// What a client of a row does in its process, whatever it is made of: it tells how long its calls take, or it is a
// terminal, with what is typed on standard input and the output on standard output. Runs in Node and in Deno.

import process from 'node:process'
import { createInterface } from 'node:readline'

export interface Client {
  call(method: string, params: object): Promise<unknown>
  open(command: readonly string[], onData: (bytes: Uint8Array) => void): Promise<Terminal>
}

export interface Terminal {
  type(bytes: Uint8Array): void
  close(): Promise<unknown>
}

export type Order =
  /** Calls one after the other, `pause` ms between two. Answered with the ms that each took. */
  | {
      readonly do: 'calls'
      readonly method: string
      readonly params: object
      readonly count: number
      readonly pause?: number
    }
  /** Opens a terminal whose output is thrown away, or ends it. Answered with no times once output comes. */
  | { readonly do: 'noise'; readonly command: readonly string[] }
  | { readonly do: 'silence' }

const milliseconds = (): number => Number(process.hrtime.bigint()) / 1e6

async function calls(
  { call }: Client,
  { method, params, count, pause }: Extract<Order, { do: 'calls' }>,
): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const begin = milliseconds()
    await call(method, params)
    times.push(milliseconds() - begin)
    if (pause !== undefined) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return times
}

let noisy: Terminal | undefined

async function noise({ open }: Client, command: readonly string[]): Promise<void> {
  const came = Promise.withResolvers<void>()
  noisy = await open(command, () => came.resolve())
  await came.promise
}

async function carryOut(client: Client, order: Order): Promise<number[]> {
  if (order.do === 'calls') return calls(client, order)
  await (order.do === 'noise' ? noise(client, order.command) : noisy?.close())
  return []
}

/** One order a line, as JSON; each is answered by a line with its times. */
export async function serveOrders(client: Client): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await carryOut(client, JSON.parse(line)))}\n`)
  }
  process.exit(0)
}

export async function serveTerminal({ open }: Client, command: readonly string[]): Promise<void> {
  const terminal = await open(command, (bytes) => void process.stdout.write(bytes))
  process.stdin.on('data', (bytes: Uint8Array) => terminal.type(bytes))
  process.stdin.on('end', () => process.exit(0))
}
