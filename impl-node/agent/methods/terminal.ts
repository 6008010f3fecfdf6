import type { Handlers } from '../handler.ts'
import type { Terminals } from '../terminals.ts'

type TerminalMethod =
  | 'terminal.open'
  | 'terminal.attach'
  | 'terminal.write'
  | 'terminal.resize'
  | 'terminal.close'
  | 'terminal.list'
  | 'stream.credit'

export const terminalHandlers = (terminals: Terminals): Pick<Handlers, TerminalMethod> => ({
  'terminal.open': (params, caller) => terminals.open(params, caller),
  'terminal.attach': (params, caller) => terminals.attach(params, caller),
  'terminal.write': (params, caller) => terminals.write(params, caller),
  'terminal.resize': (params) => terminals.resize(params),
  'terminal.close': (params) => terminals.end(params.terminalId),
  'terminal.list': () => terminals.list(),
  'stream.credit': (params, caller) => terminals.credit(params, caller),
})
