// `control status`, `info`, `devices` and `terms`: what there is, told.

import { DEVICE_PREFIX } from '@happy-remote/schemas/constants.ts'
import { EXIT } from '../command.ts'
import { safeLine } from '../safe-text.ts'
import { ago, heard, shortId } from '../state.ts'
import { fit } from '../terminal/columns.ts'
import { questionLines } from './questions.ts'
import type { Sub, SubContext } from './sub.ts'

async function statusLines({ controller, name }: Pick<SubContext, 'controller' | 'name'>): Promise<string[]> {
  const { state, model, mode, queued, pending, questions = [], paused } = await controller.call('claude.getStatus', {})
  const { relay } = controller.record
  const does = { idle: 'idle', running: 'working', 'needs-answer': 'needs an answer' }[state]
  const facts = [model && `model ${safeLine(model, 40)}`, mode && `mode ${safeLine(mode, 40)}`].filter(Boolean)
  return [
    `${name}: ${heard(controller.status.heardAt)}, by the relay ${relay}`,
    `Assistant: ${does}${queued > 0 ? `, ${queued} prompts waiting` : ''}${facts.length ? ` (${facts.join(', ')})` : ''}`,
    ...(paused ? [`Paused ${ago(paused.at)}; control resume ends it`] : []),
    ...pending.map(({ requestId, title }) => `Asks: ${safeLine(title, 100)}   (${shortId(requestId)})`),
    ...questions.flatMap((question) => [
      ...questionLines(question),
      `  control answer answers it (${shortId(question.requestId)})`,
    ]),
  ]
}

export const status: Sub = {
  name: 'status',
  usage: 'status',
  summary: 'what the assistant does, and what it waits for',
  details:
    'JSON: status {agent, heardAt, relay, state, conversationId, mode, model,\nqueued, pending, questions?, paused?}.\n',
  options: {},
  async run(context) {
    const { controller, name, say, output, json } = context
    if (!json) {
      await output.write(`${(await statusLines(context)).join('\n')}\n`)
      return EXIT.ok
    }
    const answer = await controller.call('claude.getStatus', {})
    const { heardAt } = controller.status
    say('', { event: 'status', agent: name, heardAt, relay: controller.record.relay, ...answer })
    return EXIT.ok
  },
}

async function infoLines({ controller }: Pick<SubContext, 'controller'>): Promise<string[]> {
  const info = await controller.call('agent.info', {})
  const { assistant } = info
  const which = assistant
    ? `${safeLine(assistant.name, 60)}${assistant.scripted ? ' (follows a script, runs nothing)' : ''}`
    : 'none'
  return [
    `Name       ${safeLine(info.name, 64)}`,
    `Id         ${DEVICE_PREFIX}${info.deviceId}`,
    `Software   ${safeLine(info.software, 60)} on ${safeLine(info.platform, 20)}`,
    `Workspace  ${safeLine(info.workspace)}`,
    `Assistant  ${which}`,
    `You may    ${info.capabilities.join(', ')}`,
  ]
}

export const info: Sub = {
  name: 'info',
  usage: 'info',
  summary: 'who the agent is, and what this device may do there',
  details: 'JSON: info, with the members of agent.info.\n',
  options: {},
  async run(context) {
    if (context.json) context.say('', { event: 'info', ...(await context.controller.call('agent.info', {})) })
    else await context.output.write(`${(await infoLines(context)).join('\n')}\n`)
    return EXIT.ok
  },
}

async function deviceLines({ controller }: Pick<SubContext, 'controller'>): Promise<string[]> {
  const { devices } = await controller.call('device.list', {})
  return devices.map(({ deviceId, name, self, capabilities, lastHeardAt, online }) => {
    const last = self ? 'this device' : `${online ? '' : 'away, '}${heard(lastHeardAt)}`
    return `${fit(safeLine(name, 64), 24)} ${deviceId}  ${fit(last, 24)} ${capabilities.join(', ')}`
  })
}

export const devices: Sub = {
  name: 'devices',
  usage: 'devices',
  summary: 'the devices that are paired with the agent',
  details: 'JSON: one device {deviceId, name, self, capabilities, pairedAt, lastHeardAt, online} a line.\n',
  options: {},
  async run(context) {
    if (context.json) {
      const answer = await context.controller.call('device.list', {})
      for (const device of answer.devices) context.say('', { event: 'device', ...device })
    } else await context.output.write(`${(await deviceLines(context)).join('\n')}\n`)
    return EXIT.ok
  },
}

async function terminalLines({ controller }: Pick<SubContext, 'controller'>): Promise<string[]> {
  const { terminals } = await controller.call('terminal.list', {})
  if (terminals.length === 0) return ['There is no terminal.']
  return terminals.map(({ terminalId, cols, rows, running, exitCode, startedAt }) => {
    const state = running ? 'running' : `ended${exitCode === null ? '' : ` with ${exitCode}`}`
    return `${terminalId}  ${fit(`${cols}x${rows}`, 8)} ${fit(state, 14)} started ${ago(startedAt)}`
  })
}

export const terms: Sub = {
  name: 'terms',
  usage: 'terms',
  summary: 'the terminals of the agent',
  details: 'JSON: one terminal {terminalId, cols, rows, running, exitCode, startedAt,\noldest, end} a line.\n',
  options: {},
  async run(context) {
    if (context.json) {
      const answer = await context.controller.call('terminal.list', {})
      for (const terminal of answer.terminals) context.say('', { event: 'terminal', ...terminal })
    } else await context.output.write(`${(await terminalLines(context)).join('\n')}\n`)
    return EXIT.ok
  },
}
