// All mutants of the Node implementation.

import { agentAssistant } from './agent-assistant.ts'
import { agentBodies } from './agent-bodies.ts'
import { agentConversations } from './agent-conversations.ts'
import { agentDevices } from './agent-devices.ts'
import { agentFiles } from './agent-files.ts'
import { agentGit } from './agent-git.ts'
import { agentJournal } from './agent-journal.ts'
import { agentMessages } from './agent-messages.ts'
import { agentOutput } from './agent-output.ts'
import { agentPause } from './agent-pause.ts'
import { agentRequests } from './agent-requests.ts'
import { agentTerminals } from './agent-terminals.ts'
import { attempt } from './attempt.ts'
import { cluster } from './cluster.ts'
import { code } from './code.ts'
import { commit } from './commit.ts'
import { confirmation } from './confirmation.ts'
import { controllerJournal } from './controller-journal.ts'
import { frame } from './frame.ts'
import { freshness } from './freshness.ts'
import { handshake } from './handshake.ts'
import { keys } from './keys.ts'
import { pairing } from './pairing.ts'
import { queue } from './queue.ts'
import { ratchet } from './ratchet.ts'
import { refusing } from './refusing.ts'
import { rekeyAgent } from './rekey-agent.ts'
import { rekeyController } from './rekey-controller.ts'
import { relay } from './relay.ts'
import { rpcController } from './rpc-controller.ts'
import { scan } from './scan.ts'
import { schedule } from './schedule.ts'
import { session } from './session.ts'
import { socket } from './socket.ts'
import { stored } from './stored.ts'
import { streams } from './streams.ts'
import { window } from './window.ts'
import { wrap } from './wrap.ts'

export const endpointMutants = [
  ...relay,
  ...cluster,
  ...socket,
  ...keys,
  ...code,
  ...wrap,
  ...schedule,
  ...handshake,
  ...attempt,
  ...ratchet,
  ...frame,
  ...pairing,
  ...commit,
  ...scan,
  ...confirmation,
  ...rekeyAgent,
  ...rekeyController,
  ...session,
  ...window,
  ...refusing,
  ...freshness,
  ...streams,
  ...stored,
  ...agentMessages,
  ...agentRequests,
  ...agentPause,
  ...agentGit,
  ...agentBodies,
  ...agentTerminals,
  ...agentOutput,
  ...agentAssistant,
  ...agentConversations,
  ...agentDevices,
  ...agentFiles,
  ...agentJournal,
  ...rpcController,
  ...queue,
  ...controllerJournal,
]
