// The two implementations have the same sub-commands and the same options: whoever learns one knows the other.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

interface Option {
  readonly type: string
  readonly short?: string
  readonly multiple?: boolean
}
type Options = Readonly<Record<string, Option>>
type SubCommands = ReadonlyMap<string, Options>

/** By a URL that the type check does not follow: the one is checked by tsc, the other by Deno. */
const load = (path: string): Promise<Record<string, unknown>> => import(new URL(`../${path}`, import.meta.url).href)

const sorted = (options: Options): Options =>
  Object.fromEntries(Object.entries(options).sort(([one], [other]) => (one < other ? -1 : 1)))

async function ofNode(): Promise<{ common: Options; subs: SubCommands }> {
  const { subs, OPTIONS } = await load('impl-node/cli/control.ts')
  const { help: _, ...common } = OPTIONS as Options
  const all = subs as readonly { name: string; options: Options }[]
  return { common, subs: new Map(all.map(({ name, options }) => [name, options])) }
}

async function ofDeno(): Promise<{ common: Options; subs: SubCommands }> {
  const { SUB_COMMANDS, OPTIONS, COMMON } = await load('impl-deno/cli/control/sub-commands.ts')
  const pick = (names: readonly string[]): Options =>
    Object.fromEntries(names.map((name) => [name, (OPTIONS as Options)[name] as Option]))
  const all = Object.entries(SUB_COMMANDS as Readonly<Record<string, { options: readonly string[] }>>)
  const subs = new Map(all.map(([name, { options }]) => [name, pick(options)]))
  return { common: pick(COMMON as readonly string[]), subs }
}

test('control has the same sub-commands, each with the same options', async () => {
  const [node, deno] = [await ofNode(), await ofDeno()]
  assert.deepEqual(sorted(deno.common), sorted(node.common))
  assert.deepEqual([...deno.subs.keys()].sort(), [...node.subs.keys()].sort())
  for (const [name, options] of node.subs) {
    assert.deepEqual(sorted(deno.subs.get(name) ?? {}), sorted(options), `control ${name}`)
  }
})

test('control --help names every option of every sub-command', async () => {
  const node = (await load('impl-node/cli/control.ts')) as { subs: readonly { name: string; details: string }[] }
  const { controlCommand } = (await load('impl-deno/cli/control.ts')) as { controlCommand: { usage: string } }
  for (const [name, options] of (await ofNode()).subs) {
    const { details } = node.subs.find((sub) => sub.name === name) as { details: string }
    for (const option of Object.keys(options)) {
      assert.ok(details.includes(`--${option}`), `the help of control ${name} names --${option}`)
      assert.ok(controlCommand.usage.includes(`--${option}`), `Deno's help of control names --${option}`)
    }
  }
})

const COMMANDS = ['relay', 'agent', 'pair', 'devices', 'demo'] as const

/** Some of them need Deno from their first line on. */
const denoHelps = (): Readonly<Record<string, string>> => {
  const of = (name: string) => {
    const url = new URL(`../impl-deno/cli/${name}.ts`, import.meta.url).href
    return `${name}: (await import(${JSON.stringify(url)})).${name}Command.usage`
  }
  const program = `console.log(JSON.stringify({ ${COMMANDS.map(of).join(', ')} }))`
  return JSON.parse(execFileSync('deno', ['eval', '--quiet', program], { encoding: 'utf8' }))
}

test('the help of each command tells the same options and exit codes', async () => {
  const helps = denoHelps()
  const optionsOf = (help: string) => [...help.matchAll(/^ {2}(--[a-z-]+(?: <[^>]+>)?)/gm)].map(([, one]) => one)
  const codesOf = (help: string) => /^Exit codes:[\s\S]*/m.exec(help)?.[0].match(/\b\d+(?= [a-z])/g)
  for (const command of COMMANDS) {
    const { help } = (await load(`impl-node/cli/${command}.ts`))[`${command}Command`] as { help: string }
    const usage = helps[command] ?? ''
    assert.ok(optionsOf(help).length > 0)
    assert.deepEqual(optionsOf(usage), optionsOf(help), command)
    assert.deepEqual(codesOf(usage), codesOf(help), command)
    for (const line of usage.split('\n')) assert.ok(line.length < 80, line)
  }
})
