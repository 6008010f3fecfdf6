// `happy-remote control` by itself: lines are prompts, and answers where something is asked.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { CallFailure } from '../../controller/failure.ts'
import { CommandFailure, EXIT_OK, EXIT_REFUSED } from '../command.ts'
import { safeLine, safeText } from '../safe-text.ts'
import type { Lines } from '../stdin.ts'
import { pause, resume } from './pause.ts'
import { answer, optionOf, questionText } from './question.ts'
import { devices, info, status, terms } from './reads.ts'
import type { Subject } from './subject.ts'

const HELP = `A line is a prompt. Where the assistant asks, y, n, or the number or id of an option
answers it.
  /status  /info  /devices  /terms   what there is
  /cancel [all]                      stop the running prompt
  /pause  /resume                    refuse whatever has an effect, or no more
  /quit                              end this; the computer goes on`

const COMMANDS = {
  '/status': status,
  '/info': info,
  '/devices': devices,
  '/terms': terms,
  '/pause': pause,
  '/resume': resume,
} as const

export async function talk(subject: Subject, lines: Lines): Promise<number> {
  const { controller, io, json } = subject
  const open: PermissionRequest[] = []
  const ask = (request: PermissionRequest) => {
    if (open.some(({ requestId }) => requestId === request.requestId)) return
    open.push(request)
    if (!json) io.out(questionText(request))
  }
  const over = Promise.withResolvers<number>()
  controller.listen((event) => {
    if (event.type === 'revoked') over.resolve(EXIT_REFUSED)
    if (event.type === 'presence' && !json) io.err(event.away ? 'The computer is away.' : 'The computer is back.')
    if (event.type === 'status') for (const request of event.status.pending) ask(request)
    if (event.type !== 'event') return
    const { method, params } = event
    if (json) io.out(JSON.stringify({ event: method, params }))
    else show(subject, method, params)
    if (method === 'permission.requested') ask(params as PermissionRequest)
    if (method !== 'permission.resolved') return
    const { requestId } = params as EventParams<'permission.resolved'>
    const index = open.findIndex((one) => one.requestId === requestId)
    if (index >= 0) open.splice(index, 1)
  })
  if (!json) io.out(`Connected to ${safeLine(controller.record.peerName)}. /help tells what can be typed.`)
  const read = async (): Promise<number> => {
    for (;;) {
      const line = (await lines.next())?.trim()
      if (line === undefined || line === '/quit') return EXIT_OK
      await act(subject, line, open).catch((error) => {
        if (!(error instanceof CallFailure) && !(error instanceof CommandFailure)) throw error
        io.err(`${safeLine(error.message) || error.code}.`)
      })
    }
  }
  return Promise.race([read(), over.promise])
}

async function act(subject: Subject, line: string, open: PermissionRequest[]): Promise<void> {
  const { controller, io } = subject
  const [request] = open
  const [word = '', what] = line.split(' ')
  if (line === '') return
  if (Object.hasOwn(COMMANDS, word)) {
    await COMMANDS[word as keyof typeof COMMANDS](subject)
  } else if (word === '/cancel') {
    const { success } = await controller.call('claude.cancel', { scope: what === 'all' ? 'turn-and-queue' : 'turn' })
    if (!success) io.err('There was nothing to stop.')
  } else if (word.startsWith('/')) io.out(HELP)
  else if (request) {
    const option = optionOf(request, line)
    if (!option) return io.err('Answer with y, n, or the number or id of an option.')
    open.shift()
    await answer(controller, request, option)
  } else await controller.call('claude.sendMessage', { prompt: line })
}

function show({ io }: Subject, method: string, params: unknown): void {
  if (method === 'claude.message') {
    const { role, text, tool } = params as EventParams<'claude.message'>
    if (role === 'assistant') io.out(safeText(text))
    if (role === 'tool' && tool) io.out(`- ${safeLine(tool.title)}: ${safeLine(tool.status)}`)
  }
  if (method === 'session.paused') io.out('Paused; /resume ends it.')
  if (method === 'session.resumed') io.out('Resumed.')
  if (method === 'claude.messageState') {
    const { state, reason } = params as EventParams<'claude.messageState'>
    if (state === 'failed' || state === 'cancelled') io.out(`The prompt was ${state}. ${safeLine(reason ?? '')}`)
  }
}
