// What a computer that is shown needs of a controller: one of this tab, or one of another tab that this one follows.

import type { Controller, ControllerEvent } from '../../controller/controller.ts'
import type { CommandQueue } from '../../controller/queue.ts'
import type { PairingConnection } from '../../link/pairing-connection.ts'
import type { PairingRecord } from '../../session/record.ts'

/** Of a pairing what is shown of it, and no key. */
export type PairingFacts = Pick<PairingRecord, 'peerName' | 'relay' | 'capabilities' | 'lastHeardAt'>

export const factsOf = (record: PairingRecord | PairingFacts): PairingFacts => {
  const { peerName, relay, capabilities, lastHeardAt } = record
  return { peerName, relay, capabilities, lastHeardAt }
}

export type AgentEvent =
  | Exclude<ControllerEvent, { type: 'paired' }>
  | { readonly type: 'paired'; readonly record: PairingFacts }

type Shared =
  | ('agentId' | 'capabilities' | 'silentFor' | 'online' | 'away' | 'call' | 'enqueue' | 'sendQueue')
  | ('type' | 'leave' | 'revoke' | 'forget' | 'close')

export interface AgentController extends Pick<Controller, Shared> {
  readonly record: PairingFacts
  /** The result ends it. */
  listen(listener: (event: AgentEvent) => void): () => void
  readonly queue: Pick<CommandQueue, 'list' | 'listen' | 'edit' | 'move' | 'cancel' | 'giveAgain'>
  readonly connection: Pick<PairingConnection, 'reconnect'>
}
