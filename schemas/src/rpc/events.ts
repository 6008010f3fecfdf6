// The events that an agent sends.

import { Type } from 'typebox'
import { CapabilityName } from '../pairing.ts'
import { AttachmentFacts } from './attachment.ts'
import { ClaudeState } from './claude-get-status.ts'
import { DeviceId, defineEvent, Empty, Uuid } from './method.ts'
import { Pause } from './pause.ts'
import { PermissionRequest, PermissionResolution } from './permission.ts'
import { QuestionRequest, QuestionResolution } from './question.ts'
import { Cols, Rows, TerminalId } from './terminal.ts'

const conversationId = Type.String()

export const claudeState = defineEvent({
  name: 'claude.state',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'The assistant became idle, runs, or waits for an answer.',
  params: Type.Object({
    state: ClaudeState,
    conversationId: Type.Union([conversationId, Type.Null()]),
    reason: Type.Optional(Type.String({ description: 'For people, where the assistant stopped by itself.' })),
  }),
})

export const claudeDelta = defineEvent({
  name: 'claude.delta',
  capability: 'observe',
  urgent: false,
  journaled: false,
  doc: 'A piece of what the assistant says or thinks, as it comes.',
  params: Type.Object({
    conversationId,
    messageId: Uuid,
    kind: Type.Union([Type.Literal('text'), Type.Literal('thought')]),
    text: Type.String(),
    offset: Type.Optional(
      Type.Integer({ minimum: 0, description: 'UTF-16 code units of the message that come before this piece.' }),
    ),
  }),
})

export const claudeMessage = defineEvent({
  name: 'claude.message',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'A whole message of the conversation.',
  params: Type.Object({
    conversationId,
    messageId: Uuid,
    role: Type.Union([
      Type.Literal('user'),
      Type.Literal('assistant'),
      Type.Literal('thought'),
      Type.Literal('tool'),
      Type.Literal('other'),
    ]),
    text: Type.String(),
    attachments: Type.Optional(
      Type.Array(AttachmentFacts, { minItems: 1, description: 'With role `user`: what went with the prompt.' }),
    ),
    tool: Type.Optional(
      Type.Object({
        callId: Type.String(),
        title: Type.String(),
        status: Type.String({ description: 'pending, in_progress, completed, failed' }),
        input: Type.Optional(Type.Unknown()),
      }),
    ),
    raw: Type.Optional(
      Type.Unknown({ description: 'With role `other`: an update of a kind that this agent does not know.' }),
    ),
  }),
})

export const claudeMessageState = defineEvent({
  name: 'claude.messageState',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'Where a prompt stands.',
  params: Type.Object({
    messageId: Uuid,
    state: Type.Union([
      Type.Literal('queued'),
      Type.Literal('started'),
      Type.Literal('completed'),
      Type.Literal('cancelled'),
      Type.Literal('failed'),
    ]),
    reason: Type.Optional(Type.String()),
  }),
})

export const permissionRequested = defineEvent({
  name: 'permission.requested',
  capability: 'observe',
  urgent: true,
  journaled: true,
  doc: 'The assistant asks whether it may do something.',
  params: PermissionRequest,
})

export const permissionResolved = defineEvent({
  name: 'permission.resolved',
  capability: 'observe',
  urgent: true,
  journaled: true,
  doc: 'A permission request has its outcome.',
  params: PermissionResolution,
})

export const questionRequested = defineEvent({
  name: 'question.requested',
  capability: 'observe',
  urgent: true,
  journaled: true,
  doc: 'The assistant wants to know something.',
  params: QuestionRequest,
})

export const questionResolved = defineEvent({
  name: 'question.resolved',
  capability: 'observe',
  urgent: true,
  journaled: true,
  doc: 'A question has its outcome.',
  params: QuestionResolution,
})

export const terminalOpened = defineEvent({
  name: 'terminal.opened',
  capability: 'terminal',
  urgent: false,
  journaled: true,
  doc: 'A terminal was started.',
  params: Type.Object({ terminalId: TerminalId, cols: Cols, rows: Rows, by: DeviceId }),
})

export const terminalResized = defineEvent({
  name: 'terminal.resized',
  capability: 'terminal',
  urgent: false,
  journaled: false,
  doc: 'A terminal has a new size.',
  params: Type.Object({ terminalId: TerminalId, cols: Cols, rows: Rows }),
})

export const terminalExited = defineEvent({
  name: 'terminal.exited',
  capability: 'terminal',
  urgent: false,
  journaled: true,
  doc: 'A terminal has ended. `end` is where its output ends.',
  params: Type.Object({
    terminalId: TerminalId,
    exitCode: Type.Union([Type.Integer(), Type.Null()]),
    signal: Type.Union([Type.Integer(), Type.Null()]),
    end: Type.Integer({ minimum: 0 }),
    reason: Type.Optional(Type.Union([Type.Literal('closed'), Type.Literal('orphaned')])),
  }),
})

export const sessionPaused = defineEvent({
  name: 'session.paused',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'The agent is paused.',
  params: Pause,
})

export const sessionResumed = defineEvent({
  name: 'session.resumed',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'The pause is over; `by` and `at` tell who ended it, and when.',
  params: Pause,
})

export const deviceJoined = defineEvent({
  name: 'device.joined',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'A device was paired.',
  params: Type.Object({ deviceId: DeviceId, name: Type.String() }),
})

export const deviceChanged = defineEvent({
  name: 'device.changed',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'A device has another name, or other capabilities.',
  params: Type.Object({ deviceId: DeviceId, name: Type.String(), capabilities: Type.Array(CapabilityName) }),
})

export const deviceRevoked = defineEvent({
  name: 'device.revoked',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'A device is no longer paired.',
  params: Type.Object({ deviceId: DeviceId }),
})

export const journalWithheld = defineEvent({
  name: 'journal.withheld',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'Stands for an entry that needs a capability which this controller lacks.',
  params: Empty,
})

export const journalLost = defineEvent({
  name: 'journal.lost',
  capability: 'observe',
  urgent: false,
  journaled: true,
  doc: 'Events before this one could not be written to the journal; `count` of them.',
  params: Type.Object({ count: Type.Integer({ minimum: 1 }) }),
})
