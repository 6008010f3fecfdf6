// The command line as a person has it: real processes, a relay and an agent beside them.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { startRelay } from '../relay/server.ts'
import { agentRole } from '../shim/agent.ts'

const MAIN = new URL('./main.ts', import.meta.url).pathname
/** As the help of the commands names them. */
const PERMISSIONS = ['--allow-net', '--allow-read', '--allow-write', '--allow-env', '--allow-sys=hostname']
const SCRIPT = new URL('../../conformance/assistants/demo.script.json', import.meta.url)

interface Ran {
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

async function run(args: readonly string[], input = '', seen: (text: string) => void = () => {}): Promise<Ran> {
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

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir()
  try {
    await test(folder)
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
}

/** A relay, an agent with the assistant of the demo, and a controller's state that is paired with it. */
async function paired(
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

Deno.test('pair, and what control reads, in JSON and for people', () =>
  paired(async (control) => {
    const status = await control(['status', '--json'])
    const [{ event, agent, state, pending }] = status.lines as [Record<string, unknown>]
    assert.deepEqual([status.code, event, agent, state, pending], [0, 'status', 'desk', 'idle', []])
    const info = await control(['info'])
    assert.match(info.text, /Name {7}desk\n[\s\S]*You may {4}observe, prompt/)
    const devices = await control(['devices', '--json'])
    assert.deepEqual([devices.lines[0]?.name, devices.lines[0]?.self], ['phone', true])
  }))

Deno.test('term gives the output and the exit code of a command, and types what is piped', () =>
  paired(async (control) => {
    const ran = await control(['term', '--', 'sh', '-c', 'echo out; exit 3'])
    assert.deepEqual([ran.code, ran.text.trim()], [3, 'out'])
    const shell = await control(['term', '--', 'sh'], 'echo from-$((6 * 7))\nexit 5\n')
    assert.equal(shell.code, 5)
    assert.match(shell.text, /from-42/)
    const terms = await control(['terms', '--json'])
    assert.ok(terms.lines.every((line) => line.event === 'terminal' && line.running === false))
  }))

Deno.test('ls, cat, get and put: files of any bytes and size, over another one only when told to', () =>
  paired(async (control, folder) => {
    const workspace = `${folder}/agent/workspace`
    const bytes = new Uint8Array(1_200_000).map((_, i) => (i * i) % 251)
    await Deno.writeFile(`${workspace}/large`, bytes)
    await Deno.writeTextFile(`${workspace}/a\n\u001b[2Jb`, 'plain')
    await Deno.mkdir(`${workspace}/folder`)
    const listed = await control(['ls'])
    assert.deepEqual(
      listed.text
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(29)),
      ['a\\u000a\\u001b[2Jb', 'folder/', 'large'],
    )
    assert.equal((await control(['cat', 'a\n\u001b[2Jb'])).text, 'plain')
    const file = `${folder}/fetched`
    const fetched = await control(['get', 'large', file, '--json'])
    assert.deepEqual(fetched.lines, [{ event: 'fetched', path: 'large', file, size: bytes.length }])
    assert.deepEqual(await Deno.readFile(file), bytes)
    const again = await control(['get', 'large', file])
    assert.deepEqual([again.code, /--force/.test(again.errors)], [1, true])
    const [written] = (await control(['put', file, 'folder/', '--json'])).lines
    assert.deepEqual([written?.path, written?.size], ['folder/fetched', bytes.length])
    assert.deepEqual(await Deno.readFile(`${workspace}/folder/fetched`), bytes)
    const over = await control(['put', file, 'folder/fetched'])
    assert.deepEqual([over.code, /--force/.test(over.errors)], [1, true])
    assert.equal((await control(['put', file, 'folder/fetched', '--force'])).code, 0)
    const codes = []
    for (const args of [['cat', 'no'], ['cat', '../x'], ['put', file, '.git/x'], ['put', 'no', 'x'], ['cat']]) {
      codes.push((await control(args)).code)
    }
    assert.deepEqual(codes, [1, 1, 5, 1, 2])
  }))

Deno.test('a prompt is left with its question, answered by approve, and followed to its end', () =>
  paired(async (control) => {
    const left = await control(['prompt', 'hello', '--json', '--on-question', 'leave'])
    assert.equal(left.code, 6)
    assert.deepEqual([left.lines.at(-1)?.event, left.lines.at(-2)?.event], ['left', 'permission.requested'])
    const approved = await control(['approve', '--json', '--yes'])
    assert.deepEqual([approved.code, approved.lines.at(-1)?.outcome], [0, 'allowed'])
    assert.equal((await control(['approve', '--yes'])).code, 1)
    const asked = await control(['prompt', 'again', '--json'], 'y\n')
    assert.deepEqual([asked.code, asked.lines.at(-1)?.state], [0, 'completed'])
    const nobody = await control(['prompt', 'again', '--json'])
    assert.equal(nobody.code, 6)
    assert.equal((await control(['cancel', '--all'])).code, 0)
    assert.equal((await control(['cancel'])).code, 1)
    const talk = await control([], '/status\n/nonsense\n')
    assert.equal(talk.code, 0)
    assert.match(talk.text, /Assistant: idle[\s\S]*A line is a prompt/)
  }))

Deno.test('a prompt that is too large is refused in a sentence, alone and in a talk, and the next line is taken', () =>
  paired(async (control) => {
    const large = 'x'.repeat(1_048_576)
    const said =
      /^Cannot send claude\.sendMessage: it has 1,048,589 bytes, and 1,048,576 is the most that can be sent\.$/m
    const alone = await control(['prompt', '-'], large)
    assert.match(alone.errors, said)
    assert.equal(alone.code, 1)
    const talk = await control([], `${large}\n/status\n`)
    assert.match(talk.text + talk.errors, said)
    assert.match(talk.text, /idle/)
  }))

Deno.test('control by itself shows what happened and what is new since, and has the sub-commands at hand', () =>
  paired(async (control, folder) => {
    assert.equal((await control(['prompt', 'first', '--deny'])).code, 0)
    writeFileSync(`${folder}/local.txt`, 'one\ntwo\n')
    const lines = [
      `/put ${folder}/local.txt "a file.txt"`,
      '/cat "a file.txt"',
      `/get "a file.txt" '${folder}/fetched.txt'`,
      '/git nonsense',
      '/git "',
      '/queue',
      '/term echo from-the-other-side',
      'y',
      '/history --limit 1',
    ]
    const one = await control([], `${lines.join('\n')}\n`)
    assert.equal(one.code, 0, one.errors)
    assert.match(one.text, /^› first$[\s\S]*^one\ntwo\n[\s\S]*Nothing is queued for desk[\s\S]*^from-the-other-side/m)
    assert.match(one.errors, /git wants one of status[\s\S]*A quote is not closed[\s\S]*Nothing waits for an answer\./)
    assert.equal(readFileSync(`${folder}/fetched.txt`, 'utf8'), 'one\ntwo\n')
    assert.doesNotMatch(one.text, /new since/)
    assert.equal((await control(['prompt', 'second', '--deny'])).code, 0)
    const two = await control([], '/status\n')
    assert.match(two.text, /^› first$[\s\S]*^— new since you were here —$\n(?:.*\n)?› second$/m, two.text)
    assert.equal(two.text.match(/› second/g)?.length, 1)
  }))

Deno.test('what wants values is left, shown, and answered by name, whole or not at all', () =>
  paired(async (control) => {
    // Neither a flag nor a line of input answers it.
    const left = await control(['prompt', 'which', '--json', '--allow'], 'y\n')
    assert.equal(left.code, 6)
    assert.deepEqual([left.lines.at(-1)?.event, left.lines.at(-2)?.event], ['left', 'question.requested'])
    const status = await control(['status'])
    assert.match(status.text, /Where shall the work go\?\n {2}branch {2}Branch: a text[\s\S]* 2 {2}The quick ones/)
    const codes: number[] = []
    for (const words of [['main'], ['branch=m', 'tests=1'], ['tests=1'], ['branch=main', 'tests=3'], []]) {
      codes.push((await control(['answer', ...words])).code)
    }
    assert.deepEqual(codes, [2, 1, 1, 2, 2])
    const done = await control(['answer', '--json', 'branch=main', 'tests=2'])
    const { event, outcome, answers } = done.lines.at(-1) ?? {}
    assert.deepEqual([done.code, event, outcome], [0, 'answered', 'answered'], done.errors)
    assert.deepEqual(answers, [
      { name: 'branch', value: 'main' },
      { name: 'tests', value: 'quick' },
    ])
    assert.equal((await control(['answer', 'branch=main', 'tests=2'])).code, 1)
    assert.equal((await control(['prompt', 'which'])).code, 6)
    const talk = await control([], '/answer main\n/answer --decline\n')
    assert.equal(talk.code, 0, talk.errors)
    assert.match(talk.text, /^The assistant wants to know: Where shall the work go\?$[\s\S]*^declined: Where/m)
    assert.match(talk.errors, /names no field; there are branch, tests\./)
    const declined = await control(['prompt', 'which', '--deny'])
    assert.deepEqual([declined.code, /nothing was decided/.test(declined.text)], [0, true])
  }))

Deno.test('prompts for a computer that is away wait, can be changed, and are sent when it is back', () =>
  paired(async (control, _, agent) => {
    await agent.leave()
    const ids: string[] = []
    for (const text of ['one', 'two\u001b[2J', 'three']) {
      const { code, lines, errors } = await control(['prompt', '--queue', '--timeout', '1', '--json', text])
      assert.deepEqual([code, lines[0]?.event, lines[0]?.position], [0, 'queued', ids.length + 1], errors)
      ids.push(String(lines[0]?.id))
    }
    const [one = '', , three = ''] = ids
    assert.equal((await control(['queue', 'eat', one])).code, 2)
    assert.equal((await control(['queue', 'move', one])).code, 2)
    assert.equal((await control(['queue', 'cancel', 'zzzz'])).code, 1)
    assert.equal((await control(['queue', 'send', '--timeout', '1'])).code, 4)
    assert.equal((await control(['queue', 'edit', one.slice(0, 8), 'one,', 'better'])).code, 0)
    assert.equal((await control(['queue', 'move', three, '1'])).code, 0)
    assert.equal((await control(['queue', 'cancel', one, '--json'])).lines[0]?.state, 'cancelled')
    assert.notEqual((await control(['queue', 'again', one, '--json'])).lines[0]?.id, one)
    const shown = await control(['queue'])
    assert.match(shown.text, / 1 {2}\w{8} {2}pending .* three\n {2}· .* cancelled .* one, better\n {2}2 /)
    assert.ok(!shown.text.includes('\u001b'))
    await agent.comeBack()
    const sent = await control(['queue', 'send', '--timeout', '30', '--json'])
    assert.deepEqual(
      sent.lines.map(({ state, params }) => [state, Object(params).prompt]),
      [
        ['completed', 'three'],
        ['completed', 'two\u001b[2J'],
        ['completed', 'one, better'],
      ],
      sent.errors,
    )
    assert.equal(sent.code, 0)
    assert.equal((await control(['prompt', '--queue', '--json', 'four'])).lines[0]?.event, 'accepted')
  }))

Deno.test('a device names itself, and may not say what it may do', () =>
  paired(async (control) => {
    const renamed = await control(['rename', 'my phone', '--json'])
    assert.deepEqual([renamed.code, renamed.lines[0]?.name], [0, 'my phone'])
    assert.match((await control(['devices'])).text, /my phone/)
    assert.equal((await control(['grant', 'my phone', 'observe,admin'])).code, 5)
    assert.equal((await control(['grant', 'my phone', 'everything'])).code, 2)
    assert.equal((await control(['rename', 'tablet', 'x'])).code, 3)
  }))

Deno.test('history shows the newest entries, the newest last', () =>
  paired(async (control) => {
    await control(['prompt', 'hello', '--json', '--allow'])
    const all = await control(['history', '--json', '--limit', '5'])
    const seqs = all.lines.map(({ seq }) => Number(seq))
    assert.deepEqual([all.code, seqs.length], [0, 5])
    assert.ok(seqs.every((seq, i) => seq === Number(seqs[0]) + i))
    assert.match((await control(['history', '--limit', '1'])).text, new RegExp(`^${seqs.at(-1)}  `))
    assert.equal((await control(['history', '--limit', 'x'])).code, 2)
  }))

Deno.test('a pause refuses what has an effect, is seen in the status, and ends once', () =>
  paired(async (control) => {
    const paused = await control(['pause', '--json'])
    assert.deepEqual([paused.code, paused.lines[0]?.event], [0, 'paused'])
    assert.match((await control(['status'])).text, /^It is paused: control resume ends it$/m)
    const refused = await control(['prompt', '--json', 'x'])
    assert.equal(refused.code, 5)
    assert.match(refused.errors, /"code":"paused"/)
    const resumed = await control(['resume', '--json'])
    assert.deepEqual([resumed.code, resumed.lines[0]?.pauseId], [0, paused.lines[0]?.pauseId])
    assert.equal((await control(['resume'])).code, 1)
    assert.match((await control([], '/pause\n/resume\n/resume\n')).errors, /The computer is not paused/)
  }))

Deno.test('conversations are listed and opened, also between two lines of a talk', () =>
  paired(async (control) => {
    assert.equal((await control(['conversations'])).text, 'There is no conversation yet.\n')
    await control(['prompt', 'hello', '--allow'])
    const opened = await control(['open', '--new', '--json'])
    assert.deepEqual([opened.code, opened.lines[0]?.event], [0, 'opened'])
    await control(['prompt', 'hello again', '--allow'])
    const { lines } = await control(['conversations', '--json'])
    assert.deepEqual(
      lines.map(({ title, open }) => [title, open]),
      [
        ['hello again', true],
        ['hello', false],
      ],
    )
    const [second = '', first = ''] = lines.map(({ conversationId }) => String(conversationId))
    assert.equal(second, opened.lines[0]?.conversationId)
    assert.equal((await control(['open', first.slice(0, 8)])).code, 0)
    assert.match((await control(['conversations', '--limit', '5'])).text, /^\* [0-9a-f]{8} {2}.* {2}hello$/m)
    const talk = await control([], `/open ${second}\n/open --new\n/conversations\n/open nothing\n`)
    assert.match(talk.text, /^\* [0-9a-f]{8} {2}.*\(nothing was said yet\)$/m)
    assert.match(talk.errors, /There is no such conversation/)
    for (const wrong of [['open'], ['open', 'a', '--new'], ['conversations', '--limit', 'x']]) {
      assert.equal((await control(wrong)).code, 2)
    }
  }))

Deno.test('git tells and commits, and says what git says where it refuses', () =>
  paired(async (control, folder) => {
    const workspace = `${folder}/agent/workspace`
    const git = (...args: string[]) => execFileSync('git', ['-C', workspace, ...args], { stdio: 'pipe' }).toString()
    assert.equal((await control(['git', 'status'])).code, 1)
    git('init', '--quiet', '--initial-branch=main')
    git('config', 'user.name', 'Ada')
    git('config', 'user.email', 'a@b.c')
    writeFileSync(`${workspace}/-odd\u001b[2J`, 'text\n')
    const status = await control(['git', 'status'])
    assert.equal(status.text, 'On main, no commit yet\n?? -odd\\u001b[2J\n')
    const committed = await control(['git', 'commit', '--json', '-m', 'first', '--', '-odd\u001b[2J'])
    assert.deepEqual([committed.code, committed.lines[0]?.sha], [0, git('rev-parse', 'HEAD').trim()])
    const again = await control(['git', 'commit', '--message', 'again'])
    assert.equal(again.code, 1)
    assert.match(again.errors, /nothing to commit/)
    const log = await control(['git', 'log', '--json'])
    assert.deepEqual([log.lines[0]?.event, log.lines[0]?.message], ['commit', 'first\n'])
    const sha = log.lines[0]?.sha as string
    const shown = await control(['git', 'show', sha.slice(0, 7)])
    assert.match(shown.text, /^\+text$/m)
    const [told] = (await control(['git', 'show', '--json', sha, '--', '-odd\u001b[2J'])).lines
    assert.deepEqual([told?.event, told?.sha, told?.truncated], ['show', sha, false])
    assert.equal((await control(['git', 'show', '0000000'])).code, 1)
    assert.equal((await control(['git', 'push'])).code, 5)
    for (const wrong of [
      ['git'],
      ['git', 'status', 'x'],
      ['git', 'log', '--staged'],
      ['git', 'commit'],
      ['git', 'show', 'HEAD'],
    ]) {
      assert.equal((await control(wrong)).code, 2)
    }
  }))

Deno.test('a pairing is ended by control, and control then has nothing to control', () =>
  paired(async (control) => {
    assert.equal((await control(['revoke', 'nobody', '--yes'])).code, 3)
    const ended = await control(['revoke', '--yes', '--json'])
    assert.deepEqual([ended.code, ended.lines[0]?.event], [0, 'revoked'])
    assert.equal((await control(['status'])).code, 3)
  }))

Deno.test('a computer that is not there is exit code 4, and devices lists and revokes without its agent', () =>
  withFolder(async (state) => {
    await paired(async (_control, folder) => {
      for (const role of ['agent', 'controller']) await Deno.rename(`${folder}/${role}`, `${state}/${role}`)
    })
    const unreachable = await run(['control', 'status', '--json', '--state', state, '--timeout', '2'])
    assert.equal(unreachable.code, 4)
    assert.match(unreachable.errors, /"event":"error"/)
    const devices = (...words: string[]) => run(['devices', ...words, '--json', '--state', state])
    const [device] = (await devices()).lines
    assert.equal(device?.event, 'device')
    assert.equal((await devices('rename', device?.name as string, 'old tablet')).code, 0)
    assert.equal((await devices('grant', 'old tablet', 'observe,admin')).code, 0)
    const [changed] = (await devices()).lines
    assert.deepEqual([changed?.name, changed?.capabilities], ['old tablet', ['observe', 'admin']])
    assert.deepEqual([(await devices('grant', 'old tablet', 'all')).code, (await devices('rename', 'x')).code], [2, 2])
    assert.equal((await devices('revoke', 'old', 'tablet')).code, 2)
    assert.equal((await devices('revoke', 'old tablet')).code, 0)
    assert.deepEqual((await devices()).lines, [])
    const forgotten = await run(['control', 'revoke', '--local', '--yes', '--json', '--state', state])
    assert.deepEqual([forgotten.code, forgotten.lines[0]?.event], [0, 'revoked'])
  }))

Deno.test('wrong use is exit code 2, whatever was got wrong; nothing paired is 3', () =>
  withFolder(async (state) => {
    for (const args of [
      ['control', 'nonsense'],
      ['control', 'status', 'more'],
      ['control', 'status', '--all'],
      ['control', 'prompt'],
      ['control', 'prompt', 'x', '--allow', '--deny'],
      ['control', 'prompt', 'x', '--on-question', 'maybe'],
      ['control', 'status', '--timeout', 'soon'],
      ['control', '--bogus'],
      ['pair'],
      ['pair', 'a', 'b'],
      ['pair', 'garbage'],
      ['devices', 'sell'],
      ['devices', 'revoke'],
      ['nonsense'],
      [],
    ]) {
      const { code, errors } = await run([...args, ...(args.length > 0 ? ['--state', state] : [])])
      assert.equal(code, 2, `${args.join(' ')}: ${errors}`)
      assert.notEqual(errors, '')
    }
    for (const args of [['control', 'status'], ['devices']]) {
      const { code, errors } = await run([...args, '--json', '--state', `${state}/none`])
      assert.equal(code, 3)
      assert.equal(JSON.parse(errors).code, 'not-paired')
    }
  }))
