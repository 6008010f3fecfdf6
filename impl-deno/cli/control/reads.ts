// `happy-remote control status | info | devices | terms`

import { safeLine } from '../../controller/safe-text.ts'
import { EXIT_OK } from '../command.ts'
import { formText } from './form.ts'
import type { Subject } from './subject.ts'

export async function status({ controller, say }: Subject): Promise<number> {
  const result = await controller.call('claude.getStatus', {})
  const { peerName: agent, relay } = controller.record
  const heardAt = Math.round(Date.now() - controller.silentFor)
  const text = [
    `${safeLine(agent)}: heard ${Math.round(controller.silentFor / 1_000)} s ago, by the relay ${relay}`,
    `Assistant: ${result.state}${result.queued > 0 ? `, ${result.queued} prompts wait` : ''}`,
    ...(result.paused ? ['It is paused: control resume ends it'] : []),
    ...result.pending.map(({ requestId, title }) => `It asks: ${safeLine(title)} (${requestId})`),
    ...(result.questions ?? []).map(
      (question) => `${formText(question)}\n  control answer answers it (${question.requestId})`,
    ),
  ]
  say('status', { agent, heardAt, relay, ...result }, text.join('\n'))
  return EXIT_OK
}

export async function info({ controller, say }: Subject): Promise<number> {
  const result = await controller.call('agent.info', {})
  const { name, deviceId, software, platform, workspace, assistant, capabilities } = result
  const kind = assistant && `${assistant.name}${assistant.scripted ? ' (follows a script, runs nothing)' : ''}`
  const text = [
    `Name       ${safeLine(name)}`,
    `Id         hd1${deviceId}`,
    `Software   ${safeLine(software)} on ${safeLine(platform)}`,
    `Workspace  ${safeLine(workspace)}`,
    `Assistant  ${safeLine(kind ?? 'none')}`,
    `You may    ${capabilities.join(', ')}`,
  ]
  say('info', result, text.join('\n'))
  return EXIT_OK
}

export async function devices({ controller, say }: Subject): Promise<number> {
  for (const device of (await controller.call('device.list', {})).devices) {
    const { name, deviceId, self, online, capabilities } = device
    const where = self ? 'this device' : online ? 'online' : 'away'
    say('device', device, `${safeLine(name).padEnd(24)} ${deviceId}  ${where.padEnd(12)} ${capabilities.join(', ')}`)
  }
  return EXIT_OK
}

export async function terms({ controller, say, json, io }: Subject): Promise<number> {
  const { terminals } = await controller.call('terminal.list', {})
  for (const terminal of terminals) {
    const { terminalId, cols, rows, running, exitCode, startedAt } = terminal
    const how = running ? 'runs' : `ended with ${exitCode ?? 'a signal'}`
    say('terminal', terminal, `${terminalId}  ${cols}x${rows}  ${how}, since ${new Date(startedAt).toISOString()}`)
  }
  if (terminals.length === 0 && !json) io.out('There is no terminal.')
  return EXIT_OK
}
