// `control` and its like, as a person has them.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { paired, run, withFolder } from '../testing/command-line.ts'

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
