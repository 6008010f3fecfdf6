// Commands run once: what was accepted under an id, and what came of it (spec/rpc.md, delivery).

import { createHash } from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { RpcError } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'

export type Outcome = { readonly result: unknown } | { readonly error: RpcError }

/** One request for a command. `controller` is the deviceId, which outlives sessions and pairings. */
export interface Call {
  readonly controller: string
  readonly id: string
  readonly method: string
  readonly params: unknown
}

export interface CommandRecord {
  /** What `fingerprint` gives for the method and the params under which the id was accepted. */
  readonly fingerprint: string
  /** Null while it runs; also of a command during which the agent died. */
  readonly outcome: Outcome | null
}

/** Where the records are kept. Synchronous, as node:sqlite is: the order of requests is that of their effects. */
export interface CommandStore {
  find(controller: string, id: string): CommandRecord | undefined
  /** Prolongs the time for which the record is kept. */
  see(controller: string, id: string): void
  /** Must be durable before it returns: the effect starts then. */
  accept(controller: string, id: string, fingerprint: string): void
  finish(controller: string, id: string, outcome: Outcome): void
}

export interface Commands {
  /**
   * Executes a call whose id is new, synchronously up to `execute`'s first wait; otherwise gives the
   * recorded outcome, or that of the execution which runs. `execute` must not reject.
   *
   * Throws `conflict` where the id was accepted for another method or other params; `refuse`, if given,
   * for an id that is new.
   */
  run(call: Call, execute: () => Promise<Outcome>, refuse?: ProtocolError): Promise<Outcome>
  /** rpc.command.status */
  status(controller: string, id: string): Result<'command.status'>['state']
}

export function createCommands(store: CommandStore): Commands {
  const running = new Map<string, Promise<Outcome>>()

  return {
    run(call, execute, refuse) {
      const { controller, id } = call
      const print = fingerprint(call.method, call.params)
      const record = store.find(controller, id)
      if (record !== undefined) store.see(controller, id)
      if (record !== undefined && record.fingerprint !== print) {
        throw new ProtocolError('conflict', `Cannot run ${id}: the id was used for another command`)
      }
      if (record?.outcome) return Promise.resolve(record.outcome)
      const key = keyOf(controller, id)
      const present = running.get(key)
      if (present !== undefined) return present
      // rpc.command.interrupted: accepted in an earlier life of the agent, and no outcome
      if (record !== undefined) throw new ProtocolError('interrupted')
      if (refuse !== undefined) throw refuse

      store.accept(controller, id, print)
      const outcome = execute().then((settled) => {
        store.finish(controller, id, settled)
        running.delete(key)
        return settled
      })
      running.set(key, outcome)
      return outcome
    },
    status(controller, id) {
      const record = store.find(controller, id)
      if (record === undefined) return 'unknown'
      if (record.outcome) return 'result' in record.outcome ? 'completed' : 'failed'
      return running.has(keyOf(controller, id)) ? 'running' : 'interrupted'
    },
  }
}

const keyOf = (controller: string, id: string) => `${controller} ${id}`

/** Params nested deeper than this are refused; nothing legitimate comes near. */
const MAX_DEPTH = 100

/**
 * Equal for equal methods and params, whatever the order of members; a prompt's text is not in it. What came as a
 * stream is in its place by now, so that the stream's number, which is another in every session, does not count.
 */
export function fingerprint(method: string, params: unknown): string {
  return createHash('sha256')
    .update(`${method}\n${canonical(params, 0)}`)
    .digest('base64url')
}

function canonical(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new ProtocolError('invalid-params', `Cannot read params nested deeper than ${MAX_DEPTH}`)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const texts = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${canonical(item, depth + 1)}`)
  return `{${texts.sort().join(',')}}`
}
