import { deepEqual, equal, match } from 'node:assert/strict'
import { startRelay } from '../relay/server.ts'
import { agentCommand } from './agent.ts'
import { EXIT_OK, EXIT_USAGE, runCommand } from './command.ts'
import { demoCommand } from './demo.ts'

const MAIN = new URL('main.ts', import.meta.url).pathname

/** Runs the command without starting anything. */
async function run(args: readonly string[], command = agentCommand) {
  const [out, err]: [string[], string[]] = [[], []]
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line), env: () => '' }
  return { code: await runCommand(command, args, io), out: out.join('\n'), err: err.join('\n') }
}

for (const command of [agentCommand, demoCommand]) {
  Deno.test(`${command.name} --help shows its options, in 79 columns`, async () => {
    const { code, out } = await run(['--help'], command)
    equal(code, EXIT_OK)
    match(out, /--help/)
    deepEqual(
      out.split('\n').filter((line) => line.length > 79),
      [],
    )
  })
}

for (const [args, reason] of [
  [['extra'], /"extra" is one word too many/],
  [['--bogus'], /--bogus/],
  [['--ttl', '601'], /--ttl is "601": 1 to 600 seconds are needed/],
  [['--ttl', '1.5'], /--ttl is "1.5"/],
  [['--relay', 'http://a.example'], /relay/],
  [['--grant', 'everything'], /everything/],
  [['--assistant', 'hal'], /There is no assistant "hal"; there are claude, acp, scripted and none/],
  [['--assistant', 'acp'], /needs its command/],
  [['--', 'true'], /belongs to --assistant/],
  [['--workspace', '/no/such'], /not a folder/],
] as const) {
  Deno.test(`wrong use: agent ${args.join(' ')}`, async () => {
    const { code, out, err } = await run(args)
    deepEqual([code, out], [EXIT_USAGE, ''])
    match(err, reason)
  })
}

/** A sub-command as a process, told by its JSON lines. */
function spawn(args: readonly string[]) {
  const permissions = ['net', 'read', 'write', 'env', 'run', 'ffi', 'sys'].map((name) => `--allow-${name}`)
  const child = new Deno.Command(Deno.execPath(), {
    args: ['run', '--no-prompt', ...permissions, MAIN, ...args],
    stdin: 'piped',
    stdout: 'piped',
    stderr: 'inherit',
  }).spawn()
  const input = child.stdin.getWriter()
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const line = async () => {
    while (!text.includes('\n')) {
      const { value, done } = await reader.read()
      if (done) throw new Error('The program says no more')
      text += value
    }
    const end = text.indexOf('\n')
    const first = text.slice(0, end)
    text = text.slice(end + 1)
    return JSON.parse(first)
  }
  /** The next event of that name. */
  const event = async (name: string) => {
    for (;;) {
      const told = await line()
      if (told.event === name) return told
    }
  }
  const say = (words: string) => input.write(new TextEncoder().encode(`${words}\n`))
  const ended = async () => {
    await input.close().catch(() => {})
    const { code } = await child.status
    await reader.cancel()
    return code
  }
  return { child, event, say, ended }
}

Deno.test('without a terminal the agent shows a code as a line, reads what is wanted, and ends by a signal with 0', async () => {
  const relay = await startRelay()
  const folder = await Deno.makeTempDir()
  const options = ['--relay', relay.url, '--state', folder, '--workspace', folder, '--name', 'desk']
  const { child, event, say, ended } = spawn(['agent', '--pair', '--json', ...options])
  const { name, assistant } = await event('started')
  deepEqual([name, assistant], ['desk', null])
  match((await event('offer')).uri, /^HAPPY:\/\/[A-Z2-7]+$/)
  await say('123456')
  await event('unknown-input')
  await say('cancel')
  equal((await event('pairing-failed')).reason, 'cancelled')
  await say('pause')
  equal((await event('paused')).by, 'local')
  await say('resume')
  await event('resumed')
  await say('resume')
  await event('unknown-input')
  child.kill('SIGTERM')
  await event('stopped')
  equal(await ended(), EXIT_OK)
  await relay.close()
  await Deno.remove(folder, { recursive: true })
})

Deno.test('the demo pairs, prompts and runs a command, and ends with 0', async () => {
  const { event, ended } = spawn(['demo', '--json'])
  const { pairing, prompt, shell } = await event('times')
  for (const time of [pairing, prompt, shell]) equal(typeof time, 'number')
  await event('end')
  equal(await ended(), EXIT_OK)
})
