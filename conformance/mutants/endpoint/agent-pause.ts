// Faults of an agent that is paused.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const PAUSE = 'agent/pause'
const CONVERSATION = 'agent/conversation'

export const agentPause: readonly EndpointMutant[] = [
  agent(
    'pauses-anew',
    'answers a second "session.pause" with another pauseId',
    ['rpc.pause.begin'],
    PAUSE,
    'if (this.#present) return this.#present',
    'if (this.#present) return { ...this.#present, pauseId: randomUUID() }',
  ),
  agent(
    'refuses-prompts-only',
    'refuses nothing but prompts while it is paused',
    ['rpc.pause.refuses'],
    PAUSE,
    "if (!this.#present || methods[method].kind === 'read' ||",
    "if (!this.#present || method !== 'claude.sendMessage' ||",
  ),
  agent(
    'allows-in-a-pause',
    'lets a controller allow something while it is paused',
    ['rpc.pause.refuses'],
    PAUSE,
    "if (method === 'permission.answer' && !this.#options.allows(params as Params<'permission.answer'>)) return",
    "if (method === 'permission.answer') return",
  ),
  agent(
    'refuses-refusals',
    'lets nobody answer a permission request while it is paused',
    ['rpc.pause.goes-on'],
    PAUSE,
    "if (method === 'permission.answer' && !this.#options.allows(params as Params<'permission.answer'>)) return",
    '',
  ),
  agent(
    'runs-on-in-a-pause',
    'lets nobody cancel the turn while it is paused',
    ['rpc.pause.goes-on'],
    PAUSE,
    "'session.revoke', 'claude.cancel'])",
    "'session.revoke'])",
  ),
  agent(
    'queue-in-a-pause',
    'begins the next prompt although it is paused',
    ['rpc.pause.queue'],
    CONVERSATION,
    'if (!this.#current && !this.#pause.present) {',
    'if (!this.#current) {',
  ),
  agent(
    'queue-forgotten',
    'leaves the prompts that wait where they are when the pause is over',
    ['rpc.pause.resume'],
    CONVERSATION,
    '    pause.watch(() => this.#next())\n',
    '',
  ),
  agent(
    'refused-not-recorded',
    'executes a command that it has refused when it comes again after the pause',
    ['rpc.pause.refused'],
    'agent/dispatch',
    'const execute = () => perform(name, request, caller)',
    'const execute = () => perform(name, request, caller)\n    check?.(name, request.params)',
  ),
  agent(
    'any-pause-ends',
    'ends its pause whatever pauseId is given',
    ['rpc.pause.unknown'],
    PAUSE,
    'if (this.#present?.pauseId !== pauseId) {',
    'if (!this.#present) {',
  ),
  agent(
    'pause-forgotten',
    'is not paused any more when it starts again',
    ['rpc.pause.kept'],
    PAUSE,
    'this.#present = row ? { ...row } : null',
    'this.#present = row && process.uptime() < 0 ? { ...row } : null',
  ),
  agent(
    'pause-unsaid',
    'tells nobody that it is paused',
    ['rpc.pause.told'],
    PAUSE,
    "    this.#options.emit('session.paused', begun)\n",
    '',
  ),
  agent(
    'resumed-by-the-first',
    'says that whoever has paused it has resumed it',
    ['rpc.pause.told'],
    PAUSE,
    "    this.#present = null\n    this.#options.emit('session.resumed', { pauseId, by, at: this.#now() })",
    "    const { by: first } = this.#present\n    this.#present = null\n    this.#options.emit('session.resumed', { pauseId, by: first, at: this.#now() })",
  ),
  agent(
    'status-without-pause',
    'does not tell its pause in "claude.getStatus"',
    ['rpc.pause.status'],
    CONVERSATION,
    '...(paused && { paused }) }',
    '}',
  ),
]
