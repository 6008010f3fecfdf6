// Faults of an agent with the output of terminals: offsets, what is kept, and credit.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const TERMINAL = 'agent/terminal'
const TERMINALS = 'agent/terminals'
const VIEWER = 'agent/viewer'

export const agentOutput: readonly EndpointMutant[] = [
  agent(
    'offset-from-attach',
    'counts the offsets of a stream from its beginning',
    ['rpc.terminal.stream-offset', 'rpc.terminal.attach'],
    VIEWER,
    'this.#blocked = !this.#stream.send(this.#next, bytes)',
    'this.#blocked = !this.#stream.send(this.#next + 1, bytes)',
  ),
  agent(
    'small-ring',
    'keeps 100,000 bytes of output',
    ['rpc.terminal.ring'],
    TERMINALS,
    'ring: this.#options.ring ?? limits.terminalRing',
    'ring: this.#options.ring ?? 100_000',
  ),
  agent(
    'attach-at-end',
    'attaches at the end whatever was asked',
    ['rpc.terminal.attach'],
    TERMINAL,
    'const offset = Math.max(afterOffset ?? oldest, oldest)',
    'const offset = end',
  ),
  agent(
    'no-gap',
    'does not name what is no longer kept',
    ['rpc.terminal.gap'],
    TERMINAL,
    '...(afterOffset !== undefined && afterOffset < oldest && { gap: { from: afterOffset, to: oldest } }),',
    '',
  ),
  agent(
    'attach-ahead',
    'lets a viewer attach beyond the end',
    ['rpc.terminal.attach-ahead'],
    TERMINAL,
    'if (afterOffset !== undefined && afterOffset > end) {',
    'if (afterOffset !== undefined && afterOffset > end + 1_000_000) {',
  ),
  agent(
    'two-streams',
    'goes on with the older stream of a controller',
    ['rpc.terminal.attach-replace'],
    TERMINAL,
    '    this.detach(caller.deviceId)\n',
    `    const older = this.#viewers.get(caller.deviceId)
    if (older) this.#viewers.set(\`older \${older.streamId}\`, older)
`,
  ),
  agent(
    'half-credit',
    'sends half of what the first credit allows',
    ['rpc.credit.initial'],
    VIEWER,
    'this.#limit = offset + limits.terminalWindow',
    'this.#limit = offset + limits.terminalWindow / 2',
  ),
  agent(
    'no-credit',
    'sends whatever the credit',
    ['rpc.credit.limit'],
    VIEWER,
    'this.#limit = offset + limits.terminalWindow',
    'this.#limit = offset + 100 * limits.terminalWindow',
  ),
  agent(
    'lower-credit',
    'lets a lower grant take credit away',
    ['rpc.credit.raise'],
    VIEWER,
    'this.#limit = Math.max(this.#limit, upTo)',
    'this.#limit = upTo',
  ),
  agent(
    'credit-for-all',
    'takes a grant for any stream',
    ['rpc.credit.unknown'],
    TERMINALS,
    "throw new ProtocolError('not-found', `Cannot grant credit",
    "return {}\n      throw new ProtocolError('not-found', `Cannot grant credit",
  ),
  agent('costly-hole', 'lets a hole cost credit', ['rpc.credit.hole'], VIEWER, '      this.#limit += hole\n', ''),
  agent(
    'never-stalls',
    'reads output although nobody has credit',
    ['rpc.credit.stall'],
    TERMINAL,
    '      this.#pty.pause()\n',
    '',
  ),
  agent(
    'stalls-for-ever',
    'never reads again while nobody has credit',
    ['rpc.credit.stall'],
    TERMINAL,
    '        this.#overrun = true\n        this.#pty.resume()\n',
    '',
  ),
  agent(
    'needs-viewers',
    'does not read output without a viewer',
    ['rpc.credit.no-viewers'],
    TERMINAL,
    'if (this.#viewers.size === 0 || this.#anyAble()) {',
    'if (this.#anyAble()) {',
  ),
  agent(
    'keeps-silent',
    'never detaches a silent controller',
    ['rpc.credit.silent'],
    TERMINALS,
    'const before = performance.now() - this.#times.silence',
    'const before = Number.NEGATIVE_INFINITY',
  ),
  agent(
    'slowest-viewer',
    'goes on only when every viewer has credit',
    ['rpc.credit.isolation'],
    TERMINAL,
    'for (const viewer of this.#viewers.values()) if (viewer.able) return true\n    return false',
    'for (const viewer of this.#viewers.values()) if (!viewer.able) return false\n    return true',
  ),
  agent(
    'attach-from-oldest',
    'attaches from the oldest byte, wherever it was asked to begin',
    ['rpc.terminal.attach'],
    TERMINAL,
    'const offset = Math.max(afterOffset ?? oldest, oldest)',
    'const offset = oldest',
  ),
]
