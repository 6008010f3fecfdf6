import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCode } from './pair.ts'
import { startCli } from './testing/cli.ts'
import { agentArgs, control, pairArgs, startWorld } from './testing/pair.ts'
import { ENTER_ALTERNATE, LEAVE_ALTERNATE, startPty } from './testing/pty.ts'
import { readQr } from './testing/read-qr.ts'

const DETACH = '\u001d'
const CTRL_C = '\u0003'

test('at a terminal of 80x24: code, digits, conversation, shell', async (t) => {
  const world = await startWorld(t)
  const { folder } = world
  const agent = startPty(t, agentArgs(world, '--assistant', 'scripted'), folder)

  await t.test('an agent with nothing paired shows a code that a camera reads, with its countdown', async () => {
    const lines = await agent.until('the code', () => {
      const { screen } = agent
      return screen.length === 24 && screen.some((line) => line.includes('Expires')) && screen
    })
    for (const line of lines) assert.ok([...line].length <= 80, line)
    assert.match(lines.join('\n'), /Expires in [12]:\d\d/)
    assert.match(lines.join('\n'), new RegExp(world.relay.replaceAll('.', '\\.')))
    const uri = readQr(lines.slice(0, 23))
    assert.match(uri, /^HAPPY:\/\/[A-Z2-7]+$/)

    const phone = startCli(t, pairArgs('-'), { ...world, stdin: uri })
    const digits = String((await phone.event('digits')).digits)
    await agent.shown(/Type the six digits that your device shows/)
    agent.type(digits === '123456' ? '654321' : '123456')
    await agent.shown(/Those are not the digits of your device\./)
    agent.type(digits)
    assert.equal(await phone.exit(), 0)
    await agent.shown(/Paired with phone/)
  })

  await t.test('the code stood on the alternate screen alone, and the status tells of the device', async () => {
    const [before = '', rest = ''] = agent.output.split(ENTER_ALTERNATE)
    const [, after = ''] = rest.split(LEAVE_ALTERNATE)
    assert.ok(!/[▀▄█]/.test(before + after), 'no part of the code is in the scrollback')
    assert.ok(!agent.output.includes('HAPPY://'))
    await agent.shown(/Device +phone +heard \d s ago/)
    await agent.shown(/Assistant +Scripted assistant \(runs nothing\): idle/)
  })

  await t.test('term has the size of the screen, follows it, and detaches with Ctrl-]', async () => {
    const shell = startPty(t, control('term', '--', 'sh'), folder)
    await shell.shown(/Ctrl-\] leaves/)
    shell.type('stty size\r')
    await shell.shown(/24 80/)
    shell.pty.resize(100, 30)
    shell.type('while [ "$(stty size)" != "30 100" ]; do sleep 0.05; done; stty size\r')
    await shell.shown(/(?<!")30 100/)
    // Quoted, so that what is waited for is no echo of what was typed.
    shell.type(`printf '\\033[?1049h'; echo in 'full'\r`)
    await shell.shown(/in full\r+\n/)
    const from = shell.output.length
    shell.type(DETACH)
    const [, id] = await shell.shown(/Detached\. Back again: happy-remote control term --attach ([0-9a-f]{8})/)
    assert.equal(await shell.exit(), 0)
    const left = shell.output.slice(from)
    for (const mode of ['[?1049l', '[?2004l', '[?25h', '>']) {
      assert.ok(left.includes(`\u001b${mode}`), `ESC ${mode} gives the screen back`)
    }

    const again = startPty(t, control('term', '--attach', String(id)), folder)
    await again.shown(/(?<!")30 100/)
    again.type('exit 9\r')
    assert.equal(await again.exit(), 9)
  })

  await t.test('control is a conversation: prompt, question, answer, a shell in between', async () => {
    const person = startPty(t, control(), folder)
    await person.shown(/desk · heard \d+ s ago · idle/)
    person.type('hello\r')
    await person.shown(/The assistant asks: Run `npm test`/)
    await person.shown(/waits for your answer: y, n or a number/)
    person.type('n\r')
    await person.shown(/Denied, so nothing was run\. You decide\./)
    person.type('/term echo from the other side\r')
    await person.shown(/comes back here; what runs keeps running —\s+from the other side\s+● desk · heard/)
    person.type('n\r')
    await person.shown(/Nothing waits for an answer\. To send "n" as a prompt, type: \/prompt n/)
    person.type('?\r')
    await person.shown(/\/attach \[id\]/)
    person.type('/quit\r')
    assert.equal(await person.exit(), 0)
  })

  await t.test('t shows the code as one line of text, and q ends the agent', async () => {
    const from = agent.output.length
    agent.type('p')
    await agent.shown(/Esc gives up {3}t shows the code as text/, from)
    agent.type('t')
    const [uri] = await agent.shown(/HAPPY:\/\/[A-Z2-7]{100,}(?=\r)/, from)
    assert.equal(readCode(uri, Date.now()).relay.origin, world.relay)
    await agent.shown(/happy-remote pair and paste this/, from)
    await agent.shown(/Esc gives up {3}t shows the code as a picture/, from)
    agent.type(CTRL_C)
    const text = await agent.until('the end of the screen', () => {
      const [, ...screens] = agent.output.slice(from).split(ENTER_ALTERNATE)
      return screens.at(-1)?.includes(LEAVE_ALTERNATE) && screens.at(-1)
    })
    assert.ok(text.indexOf(LEAVE_ALTERNATE) > text.lastIndexOf('HAPPY://'), 'no secret in the scrollback')
    await agent.shown(/Not paired: given up/)
    agent.type('q')
    assert.equal(await agent.exit(), 0)
  })
})
