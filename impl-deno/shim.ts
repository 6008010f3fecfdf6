// deno run shim.ts relay|agent|controller: the conformance suite drives this implementation through it (conformance/shim/README.md).

import { errors } from '@happy-remote/schemas/errors.ts'
import type { Arguments, Role, Tell } from './shim/role.ts'

const VERSION = '0.1.0'
/** The exit code of a program that cannot be started as `start` asks. */
const IMPOSSIBLE_CONFIGURATION = 89

/** Each role is loaded by itself: a program under test is started very often. */
const roles: Readonly<Record<string, (tell: Tell) => Promise<Role>>> = {
  relay: async () => (await import('./shim/relay.ts')).relayRole(),
  agent: async (tell) => (await import('./shim/agent.ts')).agentRole(tell),
  controller: async (tell) => (await import('./shim/controller.ts')).controllerRole(tell),
}

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(errors, code) ? code : 'internal'
}

const say = (line: object) => console.log(JSON.stringify(line))

class Unimplemented extends Error {}

async function vector({ file, group, input }: Arguments): Promise<unknown> {
  const { vectorAnswer } = await import('./vectors/all.ts')
  const answer = await vectorAnswer(file as string, group as string, input)
  if (!answer) throw new Unimplemented(`there is nothing for ${file}/${group}`)
  return answer
}

async function serve(name: string, { capabilities, verbs }: Role): Promise<void> {
  const hello = () => {
    const who = { role: name, name: 'happy-remote (Deno)', version: VERSION, language: 'TypeScript' }
    return { ...who, protocol: [1], capabilities, deterministic: false }
  }
  let stopping: Promise<unknown> | undefined
  // Asked for, and then again by the end of standard input.
  const stop = () => (stopping ??= Promise.resolve(verbs.stop?.({})))
  const all: Role['verbs'] = { hello, vector, ...verbs, stop }
  const answer = async (line: string) => {
    const { id, do: verb, with: args = {} } = JSON.parse(line)
    const run = Object.hasOwn(all, verb) ? all[verb] : undefined
    if (!run) return say({ id, unimplemented: `there is no ${verb}` })
    try {
      say({ id, ok: (await run(args)) ?? {} })
    } catch (error) {
      const { message } = error as Error
      if (error instanceof Unimplemented) return say({ id, unimplemented: message })
      if (verb === 'start' && codeOf(error) === 'internal') {
        console.error(message)
        Deno.exit(IMPOSSIBLE_CONFIGURATION)
      }
      say({ id, error: { code: codeOf(error), message } })
    }
    if (verb === 'stop') Deno.exit(0)
  }
  let rest = ''
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) void answer(line)
  }
  // The end of standard input means `stop`.
  await stop()
  Deno.exit(0)
}

const [name = ''] = Deno.args
const role = roles[name]
if (!role) {
  console.error(`usage: shim.ts ${Object.keys(roles).join('|')}`)
  Deno.exit(2)
}
await serve(name, await role((event, data) => say({ event, data })))
