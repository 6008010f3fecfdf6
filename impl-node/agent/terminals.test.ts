import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { FakeCaller, until } from './caller.fake.ts'
import type { Emit } from './handler.ts'
import { Terminals, type TerminalsOptions } from './terminals.ts'

let workspace: string
before(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), 'terminals-')))
})
after(() => rmSync(workspace, { recursive: true }))

const started: Terminals[] = []
afterEach(() => Promise.all(started.splice(0).map((terminals) => terminals.close())))

/** Terminals with what they emit. */
function start(options: Partial<TerminalsOptions> = {}) {
  const emitted: { name: EventName; params: EventParams<EventName> }[] = []
  const emit: Emit = (name, params) => emitted.push({ name, params })
  const terminals = new Terminals({ workspace, emit, ...options, times: { grace: 300, ...options.times } })
  started.push(terminals)
  const exit = (terminalId: string) => {
    const found = emitted.find(({ name, params }) => {
      return name === 'terminal.exited' && (params as EventParams<'terminal.exited'>).terminalId === terminalId
    })
    return found?.params as EventParams<'terminal.exited'> | undefined
  }
  return { terminals, emitted, exit }
}

const script = (text: string) => ({ cols: 80, rows: 24, command: ['/bin/sh', '-c', text] })
const base64url = (text: string) => Buffer.from(text).toString('base64url')
const code = (expected: string) => (error: { code?: string }) => error.code === expected
/** A flood that ends: `lines` lines of 10 bytes with their number. */
const numbered = (lines: number) => `stty raw; awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "%09d\\n", i }'`
const numberedText = (lines: number) => Array.from({ length: lines }, (_, i) => `${`${i}`.padStart(9, '0')}\n`).join('')

test("Terminals.open() runs the person's shell in the workspace and shows what is typed", async () => {
  const { terminals, emitted } = start({ env: { ...process.env, SHELL: '/bin/sh' } })
  const caller = new FakeCaller()
  const { terminalId, stream, offset, written } = await terminals.open({ cols: 80, rows: 24 }, caller)
  assert.deepEqual([stream, offset, written], [1, 0, 0])
  assert.deepEqual(emitted[0], {
    name: 'terminal.opened',
    params: { terminalId, cols: 80, rows: 24, by: caller.deviceId },
  })
  terminals.write({ terminalId, offset: 0, data: base64url('echo "in: $PWD; $((6*7))"\n') }, caller)
  await until(
    () => caller.stream.text.includes(`in: ${workspace}; 42\r\n`),
    () => caller.stream.text,
  )
  assert.equal(caller.stream.chunks[0]?.offset, 0)
})

test('Terminals.open() gives the program a clean environment', async () => {
  const env = {
    PATH: `${workspace}/node_modules/.bin:/usr/bin:/bin`,
    HOME: '/home/me',
    HAPPY_SECRET: 'x',
    npm_config_x: 'x',
    NODE_OPTIONS: '--x',
    TERM: 'dumb',
    TMUX: 'x',
  }
  const { terminals, exit } = start({ env })
  const caller = new FakeCaller()
  const { terminalId } = await terminals.open({ cols: 80, rows: 24, command: ['env'] }, caller)
  await until(() => exit(terminalId) !== undefined)
  const names = caller.stream.text.split('\r\n').filter(Boolean).sort()
  assert.deepEqual(names, ['HOME=/home/me', 'PATH=/usr/bin:/bin', `PWD=${workspace}`, 'TERM=xterm-256color'])
})

test('output passes raw: bytes that are not UTF-8 arrive as they are', async () => {
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const { terminalId } = await terminals.open(script(`stty raw; printf '\\377\\376\\200a\\0\\303'`), caller)
  await until(() => exit(terminalId) !== undefined)
  assert.deepEqual([...caller.stream.bytes], [0xff, 0xfe, 0x80, 0x61, 0, 0xc3])
  assert.equal(exit(terminalId)?.end, 6)
})

test('Terminals.attach() resumes at the offset with exactly the bytes that follow', async () => {
  const { terminals } = start()
  const first = new FakeCaller()
  const { terminalId } = await terminals.open(
    script('stty raw -echo; printf 0123456789; read x; printf abcdef; read y'),
    first,
  )
  await until(() => first.stream.reached === 10)
  first.stream.end()

  terminals.write({ terminalId, offset: 0, data: base64url('\n') }, first)
  await until(() => terminals.list().terminals[0]?.end === 16)
  assert.equal(first.stream.reached, 10)

  const again = new FakeCaller()
  const attached = terminals.attach({ terminalId, afterOffset: 7 }, again)
  assert.deepEqual(attached, { terminalId, stream: 1, offset: 7, written: 1, cols: 80, rows: 24, running: true })
  await until(() => again.stream.reached === 16)
  assert.equal(again.stream.chunks[0]?.offset, 7)
  assert.equal(again.stream.text, '789abcdef')
  assert.throws(() => terminals.attach({ terminalId, afterOffset: 17 }, again), code('conflict'))
})

test('Terminals.attach() reports what is no longer kept', async () => {
  const { terminals, exit } = start({ ring: 1_000 })
  const first = new FakeCaller()
  const { terminalId } = await terminals.open(script(numbered(500)), first)
  first.stream.end()
  await until(() => exit(terminalId)?.end === 5_000)

  const caller = new FakeCaller()
  const attached = terminals.attach({ terminalId, afterOffset: 100 }, caller)
  assert.deepEqual(attached.gap, { from: 100, to: 4_000 })
  assert.deepEqual([attached.offset, attached.running], [4_000, false])
  await until(() => caller.stream.closed)
  assert.equal(caller.stream.text, numberedText(500).slice(4_000))

  const oldest = terminals.attach({ terminalId }, new FakeCaller('b'))
  assert.deepEqual([oldest.offset, oldest.gap], [4_000, undefined])
})

test('a viewer gets no byte beyond its credit, and the program waits until it grants more', async () => {
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const lines = 100_000
  const { terminalId, stream: streamId } = await terminals.open(script(numbered(lines)), caller)
  await until(() => caller.stream.reached === limits.terminalWindow)
  // The grant comes long before the stall ends: whatever comes in the meantime must wait in the kernel.
  const { end } = terminals.list().terminals[0] ?? { end: 0 }
  assert.ok(end < 2 * limits.terminalWindow, `${end} bytes were read`)

  const total = 10 * lines
  while (caller.stream.reached !== total) {
    const upTo = (caller.stream.reached ?? 0) + 50_000
    terminals.credit({ streamId, upTo: 1 }, caller)
    terminals.credit({ streamId, upTo }, caller)
    await until(() => caller.stream.reached === Math.min(upTo, total))
  }
  await until(() => exit(terminalId) !== undefined)
  assert.equal(caller.stream.text, numberedText(lines))
  assert.ok(caller.stream.closed)
})

test('stream.credit names a stream of the caller, or is not-found', async () => {
  const { terminals } = start()
  const caller = new FakeCaller()
  const { stream: streamId } = await terminals.open(script('read x'), caller)
  assert.deepEqual(terminals.credit({ streamId, upTo: 5 }, caller), {})
  assert.throws(() => terminals.credit({ streamId: 9, upTo: 5 }, caller), code('not-found'))
  assert.throws(() => terminals.credit({ streamId, upTo: 5 }, new FakeCaller('b')), code('not-found'))
})

test('a viewer that the session has no room for goes on when it drains', async () => {
  const { terminals } = start()
  const caller = new FakeCaller()
  const { terminalId } = await terminals.open(script('stty raw -echo; printf 0; read x; printf abc; read x'), caller)
  await until(() => caller.stream.reached === 1)
  caller.stream.room = 0
  terminals.write({ terminalId, offset: 0, data: base64url('\n') }, caller)
  await until(() => terminals.list().terminals[0]?.end === 4)
  assert.equal(caller.stream.reached, 1)
  caller.stream.drain(1)
  assert.equal(caller.stream.text, '0abc')
})

test('a slow viewer delays no other, and sees by the offset what it has missed', async () => {
  const { terminals, exit } = start({ ring: 500_000 })
  const fast = new FakeCaller('a')
  const slow = new FakeCaller('b')
  const lines = 200_000
  const { terminalId, stream: fastId } = await terminals.open(script(`read x; ${numbered(lines)}`), fast)
  const { stream: slowId } = terminals.attach({ terminalId }, slow)
  terminals.credit({ streamId: fastId, upTo: Number.MAX_SAFE_INTEGER }, fast)
  terminals.write({ terminalId, offset: 0, data: base64url('\n') }, fast)
  await until(() => exit(terminalId) !== undefined)
  const end = exit(terminalId)?.end ?? 0
  await until(() => fast.stream.closed)
  assert.ok(fast.stream.text.endsWith(numberedText(lines)))
  assert.equal(fast.stream.bytes.length, end)

  assert.equal(slow.stream.reached, limits.terminalWindow)
  assert.equal(slow.stream.closed, false)
  // Grants from what it has received, as a receiver that knows of no hole does.
  const before = slow.stream.chunks.length
  terminals.credit({ streamId: slowId, upTo: limits.terminalWindow + 1_000 }, slow)
  const hole = slow.stream.chunks[before]
  assert.deepEqual([hole?.offset, hole?.bytes.length], [end - 500_000, 1_000])
  while (!slow.stream.closed) {
    const reached = slow.stream.reached ?? 0
    terminals.credit({ streamId: slowId, upTo: reached + limits.terminalWindow }, slow)
    assert.ok((slow.stream.reached ?? 0) > reached)
  }
  const missed = fast.stream.bytes.subarray(end - 500_000)
  assert.deepEqual(Buffer.concat(slow.stream.chunks.slice(before).map(({ bytes }) => bytes)), missed)
})

test('a viewer without credit stops the program for the stall time only', async () => {
  const { terminals } = start({ ring: 150_000, times: { stall: 30 } })
  const caller = new FakeCaller()
  await terminals.open(script('yes'), caller)
  await until(() => caller.stream.reached === limits.terminalWindow)
  const far = 4 * limits.terminalWindow
  await until(() => (terminals.list().terminals[0]?.end ?? 0) > far)
  const { oldest, end } = terminals.list().terminals[0] ?? { oldest: 0, end: 0 }
  assert.equal(end - oldest, 150_000)
  assert.equal(caller.stream.reached, limits.terminalWindow)
})

test('a flood with nobody watching is read on and fills the ring only', async () => {
  const { terminals } = start({ ring: 100_000 })
  const caller = new FakeCaller()
  await terminals.open(script('yes'), caller)
  caller.stream.end()
  await until(() => (terminals.list().terminals[0]?.end ?? 0) > 5_000_000)
  const { oldest, end } = terminals.list().terminals[0] ?? { oldest: 0, end: 0 }
  assert.equal(end - oldest, 100_000)
})

test('the last output of a program that ends while it is stalled is not lost', async () => {
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const size = limits.terminalWindow + 2_000
  const text = `stty raw -echo; head -c ${limits.terminalWindow} /dev/zero; read x; head -c 2000 /dev/zero`
  const { terminalId, stream: streamId } = await terminals.open(script(text), caller)
  await until(() => caller.stream.reached === limits.terminalWindow)
  terminals.write({ terminalId, offset: 0, data: base64url('\n') }, caller)
  await until(() => exit(terminalId) !== undefined)
  assert.equal(exit(terminalId)?.end, size)
  terminals.credit({ streamId, upTo: size }, caller)
  assert.equal(caller.stream.reached, size)
  assert.ok(caller.stream.closed)
})

test('attaching again from the same device replaces its older stream', async () => {
  const { terminals } = start()
  const caller = new FakeCaller()
  const { terminalId } = await terminals.open(script('stty raw -echo; printf abc; read x; printf def; read x'), caller)
  const [older] = caller.streams
  await until(() => older?.reached === 3)
  terminals.attach({ terminalId, afterOffset: 3 }, caller)
  assert.equal(older?.closed, true)
  terminals.write({ terminalId, offset: 0, data: base64url('\n') }, caller)
  await until(() => caller.stream.text === 'def')
  // The end of the older session must not take the newer stream with it.
  older?.end()
  assert.equal(caller.stream.closed, false)
})

test('no output flows before the response that names the stream', async () => {
  const { terminals } = start()
  const caller = new FakeCaller()
  caller.responds = false
  await terminals.open(script('stty raw; printf abc; read x'), caller)
  await until(() => terminals.list().terminals[0]?.end === 3)
  assert.equal(caller.stream.reached, null)
  caller.respond()
  assert.equal(caller.stream.text, 'abc')
})

test('a device that is silent is detached; one that is heard is not', async () => {
  const { terminals } = start({ times: { silence: 60 } })
  const silent = new FakeCaller('a')
  const alive = new FakeCaller('b')
  const { terminalId } = await terminals.open(script('read x'), silent)
  terminals.attach({ terminalId }, alive)
  await until(() => {
    terminals.heard(alive.deviceId)
    return silent.stream.closed
  })
  assert.equal(alive.stream.closed, false)
  terminals.detach(alive.deviceId)
  assert.equal(alive.stream.closed, true)
})

test('terminal.write counts input per device and answers any other offset with conflict', async () => {
  const { terminals } = start()
  const one = new FakeCaller('a')
  const other = new FakeCaller('b')
  const { terminalId } = await terminals.open(script('stty -echo; while read x; do echo "<$x>"; done'), one)
  terminals.attach({ terminalId }, other)
  assert.deepEqual(terminals.write({ terminalId, offset: 0, data: base64url('ab\n') }, one), { offset: 3 })
  assert.throws(
    () => terminals.write({ terminalId, offset: 0, data: base64url('ab\n') }, one),
    (error: { code?: string; data?: unknown }) => {
      assert.deepEqual([error.code, error.data], ['conflict', { offset: 3 }])
      return true
    },
  )
  assert.deepEqual(terminals.write({ terminalId, offset: 0, data: base64url('c\n') }, other), { offset: 2 })
  assert.equal(terminals.attach({ terminalId }, other).written, 2)
  assert.throws(() => terminals.write({ terminalId, offset: 3, data: 'A' }, one), code('invalid-params'))
  await until(
    () => one.stream.text.includes('<c>'),
    () => one.stream.text,
  )
  assert.equal(one.stream.text.split('<ab>').length, 2)
})

test('a program that does not read its input delays nobody, and its writer is told busy', async () => {
  const { terminals } = start()
  const caller = new FakeCaller()
  const deaf = await terminals.open(script('stty raw -echo; echo ready; kill -STOP $$; head -c 900000 | wc -c'), caller)
  await until(() => caller.stream.text.startsWith('ready'))
  const piece = 30_000
  const data = base64url('a'.repeat(piece))
  let offset = 0
  const fill = () => {
    for (;;) ({ offset } = terminals.write({ terminalId: deaf.terminalId, offset, data }, caller))
  }
  assert.throws(fill, code('busy'))
  assert.ok(offset > 900_000 && offset < 1_200_000, `${offset}`)

  const other = new FakeCaller('b')
  const { terminalId } = await terminals.open(script('read x; echo "<$x>"; read x'), other)
  terminals.write({ terminalId, offset: 0, data: base64url('hi\n') }, other)
  await until(() => other.stream.text.includes('<hi>'))
})

test('terminal.resize changes what the program sees and tells everybody', async () => {
  const { terminals, emitted } = start()
  const caller = new FakeCaller()
  const { terminalId } = await terminals.open(script('stty size; read x; stty size; read x'), caller)
  await until(() => caller.stream.text.includes('24 80'))
  assert.deepEqual(terminals.resize({ terminalId, cols: 132, rows: 43 }), {})
  assert.deepEqual(emitted.at(-1), { name: 'terminal.resized', params: { terminalId, cols: 132, rows: 43 } })
  terminals.write({ terminalId, offset: 0, data: base64url('\n') }, caller)
  await until(() => caller.stream.text.includes('43 132'))
  assert.deepEqual(
    terminals.list().terminals.map(({ cols, rows }) => [cols, rows]),
    [[132, 43]],
  )
})

test('terminal.exited tells the exit code or the signal, and where the output ends', async () => {
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const { terminalId } = await terminals.open(script('stty raw; printf bye; exit 7'), caller)
  await until(() => exit(terminalId) !== undefined)
  assert.deepEqual(exit(terminalId), { terminalId, exitCode: 7, signal: null, end: 3 })
  assert.equal(caller.stream.text, 'bye')
  assert.ok(caller.stream.closed)
  const [ended] = terminals.list().terminals
  assert.deepEqual([ended?.running, ended?.exitCode], [false, 7])
  assert.throws(() => terminals.write({ terminalId, offset: 0, data: 'YQ' }, caller), code('not-found'))
  assert.throws(() => terminals.resize({ terminalId, cols: 1, rows: 1 }), code('not-found'))

  const killed = await terminals.open(script('kill -KILL $$'), caller)
  await until(() => exit(killed.terminalId) !== undefined)
  assert.deepEqual(exit(killed.terminalId), { terminalId: killed.terminalId, exitCode: null, signal: 9, end: 0 })
})

test('terminal.close ends a program that ignores SIGHUP, and what it left in the background', async () => {
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const text = `trap '' HUP; (trap '' HUP; sleep 1000) & echo "pid $!."; while :; do sleep 1000; done`
  const { terminalId } = await terminals.open(script(text), caller)
  await until(() => /pid \d+\./.test(caller.stream.text))
  const background = Number(/pid (\d+)\./.exec(caller.stream.text)?.[1])
  assert.doesNotThrow(() => process.kill(background, 0))
  assert.deepEqual(terminals.end(terminalId), {})
  await until(() => exit(terminalId) !== undefined)
  assert.deepEqual([exit(terminalId)?.signal, exit(terminalId)?.reason], [9, 'closed'])
  await terminals.close()
  assert.equal(alive(background), false)
})

/** A process that has ended but was not reaped yet does not count. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

test('Terminals.close() leaves no process', async () => {
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const opened = await Promise.all(
    ['cat', "trap '' HUP TERM INT; while :; do sleep 100; done", 'kill -STOP $$'].map(async (text) => {
      const one = new FakeCaller()
      const { terminalId } = await terminals.open(script(`echo "pid $$."; ${text}`), one)
      await until(() => /pid \d+\./.test(one.stream.text))
      return { terminalId, pid: Number(/pid (\d+)\./.exec(one.stream.text)?.[1]) }
    }),
  )
  await terminals.close()
  for (const { terminalId, pid } of opened) {
    assert.equal(alive(pid), false)
    assert.equal(exit(terminalId)?.reason, 'closed')
  }
  await assert.rejects(terminals.open(script('true'), caller), code('interrupted'))
})

test('Terminals.open() refuses a folder outside the workspace, by .., by an absolute path, by a link', async () => {
  mkdirSync(join(workspace, 'inside', '..folder'), { recursive: true })
  symlinkSync('/', join(workspace, 'way-out'))
  symlinkSync(join(workspace, 'inside'), join(workspace, 'way-in'))
  writeFileSync(join(workspace, 'file'), '')
  const { terminals, exit } = start()
  const caller = new FakeCaller()
  const pwd = { cols: 80, rows: 24, command: ['pwd'] }
  for (const cwd of ['..', 'inside/../..', '/', '../nowhere', 'way-out', 'way-out/usr']) {
    await assert.rejects(terminals.open({ ...pwd, cwd }, caller), code('path-outside-workspace'), cwd)
  }
  for (const cwd of ['nowhere', 'file', 'a\0b']) {
    await assert.rejects(terminals.open({ ...pwd, cwd }, caller), code('not-found'), cwd)
  }
  assert.deepEqual(terminals.list().terminals, [])
  for (const [cwd, folder] of [
    ['way-in', 'inside'],
    ['inside/..folder', 'inside/..folder'],
    [join(workspace, 'inside'), 'inside'],
  ] as const) {
    const { terminalId } = await terminals.open({ ...pwd, cwd }, caller)
    await until(() => exit(terminalId) !== undefined)
    assert.equal(caller.stream.text.trim(), join(workspace, folder))
  }
})

test('Terminals.open() refuses a program that is not there', async () => {
  const { terminals } = start()
  const open = (command: string[]) => terminals.open({ cols: 80, rows: 24, command }, new FakeCaller())
  for (const program of ['no-such-program', './nothing', '', '/etc/passwd']) {
    await assert.rejects(open([program]), code('not-found'), program)
  }
  await assert.rejects(open(['sh', 'a\0b']), code('invalid-params'))
})

test('unknown terminals are not-found, and ended ones are kept for a while only', async () => {
  const { terminals } = start()
  const caller = new FakeCaller()
  const terminalId = '00000000-0000-4000-8000-000000000000'
  for (const call of [
    () => terminals.attach({ terminalId }, caller),
    () => terminals.write({ terminalId, offset: 0, data: '' }, caller),
    () => terminals.resize({ terminalId, cols: 1, rows: 1 }),
    () => terminals.end(terminalId),
  ]) {
    assert.throws(call, code('not-found'))
  }
  const first = await terminals.open(script('true'), caller)
  await until(() => terminals.list().terminals[0]?.running === false)
  for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 8 }, () => terminals.open(script('true'), caller)))
  await until(() => terminals.list().terminals.every(({ running }) => !running))
  assert.equal(terminals.list().terminals.length, 32)
  assert.throws(() => terminals.attach(first, caller), code('not-found'))
})
