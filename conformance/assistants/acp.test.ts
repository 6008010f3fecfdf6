import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { client, methods, ndJsonStream, PROTOCOL_VERSION } from '@agentclientprotocol/sdk'

const program = fileURLToPath(import.meta.resolve('./acp.ts'))
const demo = fileURLToPath(import.meta.resolve('./demo.script.json'))

/** A session with the scripted assistant, through the SDK alone; `answer` chooses options and actions. */
async function session(t: TestContext, script: string, answer = 'cancelled') {
  const child: ChildProcess = spawn(process.execPath, [program, '--script', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  assert.ok(child.stdin && child.stdout)
  const said: string[] = []
  const asked: unknown[] = []
  const input = Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>
  const connection = client({ name: 'test' })
    .onNotification(methods.client.session.update, ({ params: { update } }) => {
      if (update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text')
        said.push(update.content.text)
    })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      asked.push(params.toolCall)
      return { outcome: answer === 'cancelled' ? { outcome: answer } : { outcome: 'selected', optionId: answer } }
    })
    .onRequest(methods.client.elicitation.create, ({ params }) => {
      asked.push(params.message)
      return { action: answer }
    })
    .connect(ndJsonStream(Writable.toWeb(child.stdin), input))
  const exit = once(child, 'exit')
  t.after(async () => {
    child.stdin?.end()
    await exit
  })
  await connection.agent.request(methods.agent.initialize, { protocolVersion: PROTOCOL_VERSION })
  const { sessionId } = await connection.agent.request(methods.agent.session.new, { cwd: '/', mcpServers: [] })
  const prompt = (text: string) =>
    connection.agent.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text }] })
  const cancel = () => connection.agent.notify(methods.agent.session.cancel, { sessionId })
  return { prompt, cancel, said, asked, exit }
}

function scriptFile(t: TestContext, otherwise: object[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-script-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'test.script.json')
  writeFileSync(file, JSON.stringify({ name: 'Test', replies: [], otherwise }))
  return file
}

for (const [answer, reaction] of [
  ['allow', /Allowed\. A real assistant would run the tests/],
  ['deny', /Denied, so nothing was run/],
] as const) {
  test(`the demo asks to run the tests, and reacts to ${answer}`, async (t) => {
    const { prompt, said, asked } = await session(t, demo, answer)
    assert.deepEqual(await prompt('Good morning'), { stopReason: 'end_turn' })
    assert.match(said.join(''), /You said: "Good morning"/)
    assert.match(said.join(''), reaction)
    assert.deepEqual(asked, [{ toolCallId: 'tests', title: 'Run `npm test`', name: 'Bash' }])
  })
}

test('a prompt of 40 KB is answered as soon as a short one', async (t) => {
  const { prompt, said } = await session(t, demo, 'deny')
  await prompt('x'.repeat(40_000))
  assert.ok(said.join('').includes(`You said: "${'x'.repeat(200)}…".`))
})

test('a cancel ends a wait, and the rest of the script is not played', async (t) => {
  const steps = [{ do: 'text', text: 'one' }, { do: 'wait' }, { do: 'text', text: 'two' }]
  const { prompt, cancel, said } = await session(t, scriptFile(t, steps))
  const turn = prompt('go')
  await cancel()
  assert.deepEqual(await turn, { stopReason: 'cancelled' })
  assert.ok(!said.includes('two'))
})

test('a question has its answer', async (t) => {
  const steps = [{ do: 'question', message: 'Which?', on: { decline: [{ do: 'text', text: 'neither' }] } }]
  const { prompt, said, asked } = await session(t, scriptFile(t, steps), 'decline')
  await prompt('go')
  assert.deepEqual([asked, said], [['Which?'], ['neither']])
})

test('a crash has the exit code of the script', async (t) => {
  const { prompt, exit } = await session(t, scriptFile(t, [{ do: 'crash', code: 42 }]))
  await assert.rejects(prompt('go'))
  assert.deepEqual(await exit, [42, null])
})

test('a call without a script, or with a bad one, is told in a line', async () => {
  const run = (...args: string[]) =>
    new Promise<[unknown, string]>((resolve) =>
      execFile(process.execPath, [program, ...args], (error, _out, err) => resolve([error?.code, err])),
    )
  assert.deepEqual(await run(), [2, 'usage: acp.ts --script FILE\n'])
  const [code, line] = await run('--script', '/no/such/script')
  assert.equal(code, 2)
  assert.match(line, /^Cannot use the script \/no\/such\/script: [^\n]+\n$/)
})
