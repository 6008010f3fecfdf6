// The only list of methods and events: client types, dispatch, validation, AsyncAPI operations and
// the spec's tables come from it.

import { agentInfo } from './agent-info.ts'
import { claudeCancel } from './claude-cancel.ts'
import { claudeGetStatus } from './claude-get-status.ts'
import { claudeListConversations } from './claude-list-conversations.ts'
import { claudeOpenConversation } from './claude-open-conversation.ts'
import { claudeSendMessage } from './claude-send-message.ts'
import { commandStatus } from './command-status.ts'
import { deviceGrant } from './device-grant.ts'
import { deviceList } from './device-list.ts'
import { deviceRename } from './device-rename.ts'
import * as eventTypes from './events.ts'
import { fileList } from './file-list.ts'
import { fileRead } from './file-read.ts'
import { fileStat } from './file-stat.ts'
import { fileUpload } from './file-upload.ts'
import { fileWrite } from './file-write.ts'
import { gitCommit } from './git-commit.ts'
import { gitDiff } from './git-diff.ts'
import { gitLog } from './git-log.ts'
import { gitPush } from './git-push.ts'
import { gitShow } from './git-show.ts'
import { gitStatus } from './git-status.ts'
import { journalSubscribe } from './journal-subscribe.ts'
import type { EventType, Method, ParamsOf, ResultOf } from './method.ts'
import { permissionAnswer } from './permission-answer.ts'
import { questionAnswer } from './question-answer.ts'
import { sessionPause } from './session-pause.ts'
import { sessionResume } from './session-resume.ts'
import { sessionRevoke } from './session-revoke.ts'
import { streamCredit } from './stream-credit.ts'
import { terminalAttach } from './terminal-attach.ts'
import { terminalClose } from './terminal-close.ts'
import { terminalList } from './terminal-list.ts'
import { terminalOpen } from './terminal-open.ts'
import { terminalResize } from './terminal-resize.ts'
import { terminalWrite } from './terminal-write.ts'

export const methods = {
  'agent.info': agentInfo,
  'claude.sendMessage': claudeSendMessage,
  'claude.cancel': claudeCancel,
  'claude.getStatus': claudeGetStatus,
  'claude.listConversations': claudeListConversations,
  'claude.openConversation': claudeOpenConversation,
  'permission.answer': permissionAnswer,
  'question.answer': questionAnswer,
  'terminal.open': terminalOpen,
  'terminal.attach': terminalAttach,
  'terminal.write': terminalWrite,
  'terminal.resize': terminalResize,
  'terminal.close': terminalClose,
  'terminal.list': terminalList,
  'stream.credit': streamCredit,
  'session.pause': sessionPause,
  'session.resume': sessionResume,
  'session.revoke': sessionRevoke,
  'device.list': deviceList,
  'device.rename': deviceRename,
  'device.grant': deviceGrant,
  'command.status': commandStatus,
  'file.read': fileRead,
  'file.list': fileList,
  'file.stat': fileStat,
  'file.write': fileWrite,
  'file.upload': fileUpload,
  'journal.subscribe': journalSubscribe,
  'git.status': gitStatus,
  'git.diff': gitDiff,
  'git.log': gitLog,
  'git.show': gitShow,
  'git.commit': gitCommit,
  'git.push': gitPush,
} as const satisfies Record<string, Method>

export type MethodName = keyof typeof methods
export type Params<M extends MethodName> = ParamsOf<(typeof methods)[M]>
export type Result<M extends MethodName> = ResultOf<(typeof methods)[M]>

export const events = {
  'claude.state': eventTypes.claudeState,
  'claude.delta': eventTypes.claudeDelta,
  'claude.message': eventTypes.claudeMessage,
  'claude.messageState': eventTypes.claudeMessageState,
  'permission.requested': eventTypes.permissionRequested,
  'permission.resolved': eventTypes.permissionResolved,
  'question.requested': eventTypes.questionRequested,
  'question.resolved': eventTypes.questionResolved,
  'terminal.opened': eventTypes.terminalOpened,
  'terminal.resized': eventTypes.terminalResized,
  'terminal.exited': eventTypes.terminalExited,
  'session.paused': eventTypes.sessionPaused,
  'session.resumed': eventTypes.sessionResumed,
  'device.joined': eventTypes.deviceJoined,
  'device.changed': eventTypes.deviceChanged,
  'device.revoked': eventTypes.deviceRevoked,
  'journal.withheld': eventTypes.journalWithheld,
  'journal.lost': eventTypes.journalLost,
} as const satisfies Record<string, EventType>

export type EventName = keyof typeof events
export type EventParams<E extends EventName> = ParamsOf<(typeof events)[E]>
