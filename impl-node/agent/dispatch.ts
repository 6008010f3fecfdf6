// From a request to its response: the method, the capability, the params, the command's one execution.

import { codesAt, ProtocolError, type RpcErrorCode } from '@happy-remote/schemas/errors.ts'
import type { Request, Response, RpcError } from '@happy-remote/schemas/rpc/envelope.ts'
import { type MethodName, methods } from '@happy-remote/schemas/rpc/registry.ts'
import { Compile, type Validator } from 'typebox/compile'
import type { Act } from './audit.ts'
import type { Commands, Outcome } from './commands.ts'
import type { Caller, Handlers } from './handler.ts'

export interface DispatchOptions {
  readonly handlers: Handlers
  readonly commands: Commands
  /** Told about what answers `internal`; the caller learns no details. */
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void
  /** Called for every request, before anything else. */
  readonly heard?: (deviceId: string) => void
  /** Throws ProtocolError for what is not to be executed now (rpc.pause.refuses); a command's id is used up by it. */
  readonly check?: (method: MethodName, params: unknown) => void
  /** Told of each command that was executed, once. */
  readonly acted?: (act: Act) => void
  /** Results that do not fit their schema are `internal`; by default everywhere but in production. */
  readonly checkResults?: boolean
}

/**
 * Answers a request whose envelope is valid; never rejects. The handler runs before `dispatch` returns,
 * up to its first wait: requests take effect in the order of their arrival.
 *
 * With `refuse` (`stale`, say) nothing is executed: that is the answer, except for a repeated command,
 * which gets its recorded outcome (session.md, freshness).
 *
 * Error codes: `unknown-method`, `forbidden` with the capability, `invalid-params`, those of the method,
 * `internal` for every failure that is not a ProtocolError with an RPC code.
 */
export type Dispatch = (request: Request, caller: Caller, refuse?: ProtocolError) => Promise<Response>

interface CompiledMethod {
  readonly params: Validator
  readonly result: Validator
}

const rpcCodes: ReadonlySet<string> = new Set(codesAt('rpc'))

export function createDispatch(options: DispatchOptions): Dispatch {
  const { handlers, commands, log, heard, check, checkResults = process.env.NODE_ENV !== 'production' } = options

  /** rpc.audit.row */
  function note(request: Request, caller: Caller, outcome: string): void {
    try {
      options.acted?.({ deviceId: caller.deviceId, method: request.method, id: request.id, outcome })
    } catch (error) {
      log('an act could not be written down', { method: request.method, id: request.id, error })
    }
  }

  async function answer(request: Request, caller: Caller, refuse?: ProtocolError): Promise<Outcome> {
    heard?.(caller.deviceId)
    const name = methodNamed(request.method)
    const { capability, kind } = methods[name]
    // Before params are looked at: who may not call a method learns nothing about its params.
    if (!caller.capabilities.has(capability)) {
      throw new ProtocolError('forbidden', `Cannot call ${name}: '${capability}' is not granted`, { capability })
    }
    checkParams(name, request.params)
    const execute = () => perform(name, request, caller)
    if (kind !== 'command') {
      if (refuse !== undefined) throw refuse
      return execute()
    }
    const call = { controller: caller.deviceId, id: request.id, method: name, params: request.params }
    const once = async () => {
      const outcome = await execute()
      note(request, caller, 'error' in outcome ? outcome.error.code : 'ok')
      return outcome
    }
    return commands.run(call, once, refuse)
  }

  async function perform(name: MethodName, request: Request, caller: Caller): Promise<Outcome> {
    try {
      // rpc.pause.refused: within the execution, so that the answer is recorded
      check?.(name, request.params)
      const handler = handlers[name] as (params: unknown, caller: Caller, id: string) => unknown
      const result = await handler(request.params, caller, request.id)
      if (checkResults) checkResult(name, result)
      return { result }
    } catch (error) {
      return { error: toRpcError(error, request, caller) }
    }
  }

  function toRpcError(error: unknown, request: Request, caller: Caller): RpcError {
    if (error instanceof ProtocolError && rpcCodes.has(error.code)) {
      const { code, message, data } = error
      return { code: code as RpcErrorCode, message, ...(data !== undefined && { data }) }
    }
    const { id, method } = request
    log('a request failed', { method, id, deviceId: caller.deviceId, error })
    return { code: 'internal', message: new ProtocolError('internal').message }
  }

  return async (request, caller, refuse) => {
    const outcome = await answer(request, caller, refuse).catch((error: unknown) => ({
      error: toRpcError(error, request, caller),
    }))
    return { id: request.id, type: 'response', ...outcome }
  }
}

function methodNamed(method: string): MethodName {
  if (Object.hasOwn(methods, method)) return method as MethodName
  throw new ProtocolError('unknown-method', `There is no method ${JSON.stringify(method)}`)
}

const compiled = new Map<MethodName, CompiledMethod>()

/** At the first call: compiling all methods at the start would take longer than a pairing. */
function compiledMethod(name: MethodName): CompiledMethod {
  let entry = compiled.get(name)
  if (entry === undefined) {
    entry = { params: Compile(methods[name].params), result: Compile(methods[name].result) }
    compiled.set(name, entry)
  }
  return entry
}

function checkParams(name: MethodName, params: unknown): void {
  const validator = compiledMethod(name).params
  if (validator.Check(params)) return
  throw new ProtocolError('invalid-params', `Cannot call ${name}: ${complaint(validator, params, 'params')}`)
}

function checkResult(name: MethodName, result: unknown): void {
  const validator = compiledMethod(name).result
  if (validator.Check(result)) return
  throw new TypeError(`The handler of ${name} broke its contract: ${complaint(validator, result, 'result')}`)
}

/** The first member that does not fit, by its path, and what it must be; never what it is. */
function complaint(validator: Validator, value: unknown, root: string): string {
  const all = validator.Errors(value)
  const [first] = all
  if (first === undefined) return `${root} does not fit`
  const path = `${root}${first.instancePath.replaceAll('/', '.')}`
  if (first.keyword === 'required') return `${path}.${first.params.requiredProperties[0]} is missing`
  const alternatives = all.flatMap((error) =>
    error.keyword === 'const' && error.instancePath === first.instancePath ? [error.params.allowedValue] : [],
  )
  if (alternatives.length > 1) return `${path} must be one of ${JSON.stringify(alternatives)}`
  return `${path} ${first.message}`
}
