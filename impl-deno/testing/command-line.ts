// The command line as a person has it: real processes, a relay and an agent beside them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { startRelay } from '../relay/server.ts'
import { agentRole } from '../shim/agent.ts'

const MAIN = new URL('../cli/main.ts', import.meta.url).pathname
/** As the help of the commands names them. */
const PERMISSIONS = ['--allow-net', '--allow-read', '--allow-write', '--allow-env', '--allow-sys=hostname']
const SCRIPT = new URL('../../conformance/assistants/demo.script.json', import.meta.url)

export interface Ran {
  readonly code: number
  /** Standard output. */
  readonly text: string
  readonly errors: string
  /** Standard output as lines of JSON. */
  readonly lines: Readonly<Record<string, unknown>>[]
}

const parse = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

export async function run(args: readonly string[], input = '', seen: (text: string) => void = () => {}): Promise<Ran> {
  const command = ['run', '--no-prompt', '--quiet', ...PERMISSIONS, MAIN, ...args]
  const options = { args: command, stdin: 'piped', stdout: 'piped', stderr: 'piped' } as const
  const child = new Deno.Command(Deno.execPath(), options).spawn()
  const writer = child.stdin.getWriter()
  await writer.write(new TextEncoder().encode(input)).catch(() => {})
  await writer.close().catch(() => {})
  let text = ''
  const reading = (async () => {
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece
      seen(text)
    }
  })()
  const errors = await new Response(child.stderr).text()
  await reading
  const { code } = await child.status
  return { code, text, errors, lines: parse(text) }
}

export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir()
  try {
    await test(folder)
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
}

/** A relay, an agent with the assistant of the demo, and a controller's state that is paired with it. */
export async function paired(
  test: (
    control: (args: readonly string[], input?: string) => Promise<Ran>,
    folder: string,
    agent: { leave(): Promise<void>; comeBack(): Promise<void> },
  ) => Promise<void>,
) {
  await withFolder(async (folder) => {
    const relay = await startRelay({ host: '127.0.0.1', port: 0 })
    let { verbs } = agentRole(() => {})
    const begin = async () => {
      await verbs.backend?.({ script: JSON.parse(readFileSync(SCRIPT, 'utf8')) })
      await verbs.start?.({ relay: `${relay.url}/v1`, name: 'desk', state: `${folder}/agent` })
    }
    const leave = async () => void (await verbs.stop?.({}))
    const comeBack = async () => {
      verbs = agentRole(() => {}).verbs
      await begin()
    }
    try {
      await begin()
      const { offer, confirm } = verbs
      const { uri } = Object(await offer?.({}))
      const typed = Promise.withResolvers<void>()
      let isTyped = false
      const made = await run(
        ['pair', '--yes', '--json', '--state', folder, '--name', 'phone', '-'],
        `${uri}\n`,
        (text) => {
          const digits = parse(text).find(({ event }) => event === 'digits')?.digits
          if (!digits || isTyped) return
          isTyped = true
          typed.resolve(confirm?.({ digits }) as Promise<void>)
        },
      )
      assert.equal(made.code, 0, made.errors)
      assert.deepEqual(
        made.lines.map(({ event }) => event),
        ['code', 'digits', 'paired'],
      )
      await typed.promise
      const control = (args: readonly string[], input?: string) => run(['control', '--state', folder, ...args], input)
      await test(control, folder, { leave, comeBack })
    } finally {
      await leave()
      await relay.close()
    }
  })
}
