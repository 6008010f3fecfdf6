// All mutants of the Node implementation.

import { attempt } from './attempt.ts'
import { code } from './code.ts'
import { frame } from './frame.ts'
import { handshake } from './handshake.ts'
import { keys } from './keys.ts'
import { pairing } from './pairing.ts'
import { ratchet } from './ratchet.ts'
import { relay } from './relay.ts'
import { rpc } from './rpc.ts'
import { rpcAgent } from './rpc-agent.ts'
import { rpcController } from './rpc-controller.ts'
import { schedule } from './schedule.ts'
import { session } from './session.ts'
import { terminals } from './terminals.ts'
import { wrap } from './wrap.ts'

export const endpointMutants = [
  ...relay,
  ...keys,
  ...code,
  ...wrap,
  ...schedule,
  ...handshake,
  ...attempt,
  ...ratchet,
  ...frame,
  ...pairing,
  ...session,
  ...rpc,
  ...terminals,
  ...rpcAgent,
  ...rpcController,
]
