// A request from its arrival to its one response: the six checks in their order (spec/rpc.md, Requests).

import { type ErrorCode, errorEntry, ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Method } from '@happy-remote/schemas/rpc/method.ts'
import { type MethodName, methods } from '@happy-remote/schemas/rpc/registry.ts'
import { Compile, type Validator } from 'typebox/compile'
import type { Deed } from './audit.ts'
import type { Caller, Executed, Handler, Handlers } from './caller.ts'
import type { Command, Commands, FailureBody, Outcome } from './commands.ts'

export interface Arrival {
  readonly request: Request
  readonly caller: Caller
  /** Throws ProtocolError `stale` where the frame was late or carried no fresh challenge. */
  readonly requireFresh: () => void
  /** Its body has not come: why, in place of params. */
  readonly bodyFailed?: ProtocolError
  /** Sends the response, called once; resolves when it was handed to the connection. */
  readonly respond: (outcome: Outcome) => Promise<unknown>
}

const isMethod = (name: string): name is MethodName => Object.hasOwn(methods, name)

const validators = new Map<MethodName, Validator>()

/** Compiled at its first call: all at the start would take longer than to connect. */
function paramsFit(name: MethodName, params: unknown): boolean {
  const validator = validators.get(name) ?? Compile(methods[name].params)
  validators.set(name, validator)
  return validator.Check(params)
}

export class Dispatch {
  readonly #handlers: Handlers
  readonly #commands: Commands
  readonly #failed: (method: string, error: unknown) => void
  readonly #mayRun: (name: MethodName, params: object) => void
  readonly #done: (deed: Deed) => void

  /**
   * `failed` is told what is answered `internal`; `mayRun` throws ProtocolError for what is not to be executed now;
   * `done` is told each command that was executed, with its outcome.
   */
  constructor(
    handlers: Handlers,
    commands: Commands,
    failed: (method: string, error: unknown) => void,
    mayRun: (name: MethodName, params: object) => void = () => {},
    done: (deed: Deed) => void = () => {},
  ) {
    this.#handlers = handlers
    this.#commands = commands
    this.#failed = failed
    this.#mayRun = mayRun
    this.#done = done
  }

  /** Everything up to the beginning of the execution happens before this returns (rpc.request.order). */
  take(arrival: Arrival): void {
    // rpc.request.answer
    try {
      this.#check(arrival)
    } catch (error) {
      void arrival.respond({ error: this.#failure(arrival.request.method, error) })
    }
  }

  #check({ request, caller, requireFresh, bodyFailed, respond }: Arrival): void {
    const { id, method: name, params } = request
    // rpc.request.unknown-method
    if (!isMethod(name)) throw new ProtocolError('unknown-method', `There is no method ${JSON.stringify(name)}`)
    const { kind, capability }: Method = methods[name]
    // rpc.request.forbidden
    if (!caller.capabilities.includes(capability)) {
      throw new ProtocolError('forbidden', `${name} needs the capability ${capability}`, { capability })
    }
    if (bodyFailed) throw bodyFailed
    // rpc.request.invalid-params
    if (!paramsFit(name, params)) {
      throw new ProtocolError('invalid-params', `Cannot take the params: they do not fit ${name}`)
    }
    const command: Command = { controller: caller.identityKey, id, method: name, params }
    const known = kind === 'command' ? this.#commands.known(command) : undefined
    if (known) {
      // rpc.command.once, rpc.command.recorded-stale
      // What `respond` rejects with is for whoever begins a stream: a repetition begins none.
      void Promise.resolve(known).then((outcome) => void respond(outcome))
      return
    }
    requireFresh()
    let after: Executed<MethodName>['after']
    const execute = async (): Promise<Outcome> => {
      try {
        // rpc.pause.refused: what it throws is recorded as every outcome
        this.#mayRun(name, params)
        // Every method's params have passed its own schema.
        const executed = await (this.#handlers[name] as Handler<MethodName>)(params as never, caller)
        after = executed.after
        return { result: executed.result }
      } catch (error) {
        return { error: this.#failure(name, error) }
      }
    }
    // rpc.audit.row
    const once = async (): Promise<Outcome> => {
      const outcome = await execute()
      this.#done({ deviceId: caller.device, method: name, id, outcome: 'error' in outcome ? outcome.error.code : 'ok' })
      return outcome
    }
    const outcome = kind === 'command' ? this.#commands.run(command, once) : execute()
    void outcome.then((value) => {
      const sent = respond(value)
      after?.(sent)
    })
  }

  /** rpc.request.internal, errors.code.registry */
  #failure(method: string, error: unknown): FailureBody {
    if (error instanceof ProtocolError && errorEntry(error.code).places.includes('rpc')) {
      const { code, message, data } = error
      return { code, message, ...(data !== undefined && { data }) }
    }
    this.#failed(method, error)
    const code: ErrorCode = 'internal'
    return { code, message: 'The agent failed' }
  }
}
