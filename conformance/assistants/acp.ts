#!/usr/bin/env node
// The scripted assistant on the wire of ACP, over stdio: node acp.ts --script FILE

import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import {
  type AgentConnection,
  type AgentContext,
  agent,
  type ContentBlock,
  type CreateElicitationRequest,
  CreateElicitationResponse,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
  type RequestPermissionRequest,
  type SessionConfigOption,
  type SessionModeState,
  type SessionUpdate,
} from '@agentclientprotocol/sdk'
import { type Attached, play, type Stage, written } from './player.ts'
import { begin, end, run } from './process.ts'
import { loadScript, type Script, stepsFor } from './script.ts'

interface Session {
  id: string
  /** Of the running turn. */
  cancel?: AbortController
}

function factsOf(script: Script): { modes?: SessionModeState; configOptions?: SessionConfigOption[] } {
  const option = (id: string): SessionConfigOption => ({
    id: 'model',
    name: 'Model',
    category: 'model',
    type: 'select',
    currentValue: id,
    options: [{ value: id, name: id }],
  })
  return {
    ...(script.mode && {
      modes: {
        currentModeId: script.mode,
        availableModes: (script.modes ?? [script.mode]).map((id) => ({ id, name: id })),
      },
    }),
    ...(script.model && { configOptions: [option(script.model)] }),
  }
}

function acpStage(client: AgentContext, sessionId: string): Stage {
  const calls = new Set<string>()
  const asks = new Map<string, AbortController>()
  const update = (update: SessionUpdate) => client.notify(methods.client.session.update, { sessionId, update })
  return {
    say: (kind, text) =>
      update({
        sessionUpdate: kind === 'text' ? 'agent_message_chunk' : 'agent_thought_chunk',
        content: { type: 'text', text },
      }),
    tool: ({ call, title, kind, status, input, output }) => {
      const fields = {
        toolCallId: call,
        ...(kind && { kind }),
        ...(status && { status }),
        ...(input !== undefined && { rawInput: input }),
        ...(output !== undefined && {
          content: [{ type: 'content' as const, content: { type: 'text' as const, text: output } }],
        }),
      }
      if (calls.has(call)) return update({ sessionUpdate: 'tool_call_update', ...fields, ...(title && { title }) })
      calls.add(call)
      return update({ sessionUpdate: 'tool_call', ...fields, title: title ?? call })
    },
    permission: async ({ call, title, tool, kind, input, options }) => {
      const request: RequestPermissionRequest = {
        sessionId,
        toolCall: {
          toolCallId: call,
          title,
          ...(tool && { name: tool }),
          ...(kind && { kind }),
          ...(input !== undefined && { rawInput: input }),
        },
        options: options.map(({ id, ...rest }) => ({ optionId: id, ...rest })),
      }
      const ask = new AbortController()
      asks.set(call, ask)
      const { outcome } = await client.request(methods.client.session.requestPermission, request, {
        cancellationSignal: ask.signal,
      })
      return outcome.outcome === 'selected' ? outcome.optionId : 'cancelled'
    },
    withdraw: (call) => asks.get(call)?.abort(),
    question: async ({ message, schema, url, call = message }) => {
      const requestedSchema = { type: 'object' as const, properties: {}, ...schema }
      const how = url === undefined ? { mode: 'form', requestedSchema } : { mode: 'url', url, elicitationId: call }
      const ask = new AbortController()
      asks.set(call, ask)
      try {
        const params: CreateElicitationRequest = { ...how, sessionId, message }
        const answer = await client.request(methods.client.elicitation.create, params, {
          cancellationSignal: ask.signal,
        })
        return CreateElicitationResponse.isAccept(answer)
          ? { action: 'accept', values: answer.content ?? null }
          : { action: answer.action }
      } catch {
        return { action: 'error' }
      }
    },
    unknown: ({ kind, fields }) =>
      client.notify<unknown>(methods.client.session.update, { sessionId, update: { sessionUpdate: kind, ...fields } }),
    mode: (mode) => update({ sessionUpdate: 'current_mode_update', currentModeId: mode }),
    garbage: (text) => written(process.stdout, `${text}\n`),
  }
}

function attached(block: ContentBlock): Attached[] {
  if (block.type === 'image') {
    return [{ kind: 'image', mediaType: block.mimeType, bytes: Buffer.from(block.data, 'base64') }]
  }
  if (block.type !== 'resource' || !('text' in block.resource)) return []
  return [{ kind: 'text', mediaType: block.resource.mimeType ?? '', bytes: Buffer.from(block.resource.text) }]
}

/** Serves ACP over this process's stdio as `script` says. */
export function serve(script: Script): AgentConnection {
  const sessions = new Map<string, Session>()
  const known = (id: string): Session => {
    const session = sessions.get(id)
    if (!session) throw RequestError.sessionNotFound(id)
    return session
  }
  return agent({ name: script.name })
    .onRequest(methods.agent.initialize, () => ({
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: script.name, version: '1' },
      agentCapabilities: {
        loadSession: script.sessions === 'load',
        promptCapabilities: {
          image: script.takes?.includes('image') === true,
          embeddedContext: script.takes?.includes('text') === true,
        },
        ...(script.sessions === 'resume' && { sessionCapabilities: { resume: {} } }),
      },
    }))
    .onRequest(methods.agent.session.new, () => {
      const id = randomUUID()
      sessions.set(id, { id })
      return { sessionId: id, ...factsOf(script) }
    })
    .onRequest(methods.agent.session.load, async ({ params: { sessionId }, client }) => {
      if (script.sessions !== 'load') throw RequestError.sessionNotFound(sessionId)
      sessions.set(sessionId, { id: sessionId })
      await acpStage(client, sessionId).say('text', 'told again')
      return factsOf(script)
    })
    .onRequest(methods.agent.session.resume, ({ params: { sessionId } }) => {
      if (script.sessions !== 'resume') throw RequestError.sessionNotFound(sessionId)
      sessions.set(sessionId, { id: sessionId })
      return factsOf(script)
    })
    .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
      const session = known(params.sessionId)
      const prompt = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('')
      if (script.log) appendFileSync(script.log, `${JSON.stringify(prompt)}\n`)
      session.cancel = new AbortController()
      const attachments = params.prompt.flatMap(attached)
      const turn = { prompt, session: session.id, attachments, cancel: session.cancel.signal }
      return { stopReason: await play(stepsFor(script, prompt), acpStage(client, session.id), turn) }
    })
    .onNotification(methods.agent.session.cancel, ({ params }) => sessions.get(params.sessionId)?.cancel?.abort())
    .connect(
      ndJsonStream(
        Writable.toWeb(process.stdout),
        // Node types its web streams apart from the global ones.
        Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
      ),
    )
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { script: { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help || !values.script) {
    process.stderr.write('usage: acp.ts --script FILE\n')
    process.exit(values.help ? 0 : 2)
  }
  const script = loadScript(values.script)
  await begin(script)
  await serve(script).closed
  end(script)
}

if (import.meta.main) run(main)
