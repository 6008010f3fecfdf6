import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { utf8 } from '../crypto/bytes.ts'
import { systemTimers, type Timers } from '../link/timers.ts'
import { ManualTimers, until } from '../testing/manual-timers.ts'
import { Terminals } from './terminals.ts'
import type { StreamPort, Viewer } from './viewer.ts'
import { openWorkspace } from './workspace.ts'

const PATH = '/usr/local/bin:/usr/bin:/bin'

/** One controller's end of its streams: what has come, and a gate that the test may close. */
class Screen implements StreamPort {
  readonly chunks: { streamId: number; offset: number; bytes: Uint8Array }[] = []
  gate = Promise.resolve()
  #ids = 0

  newStreamId(): number {
    return ++this.#ids
  }

  async sendChunk(streamId: number, offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.gate
    signal.throwIfAborted()
    this.chunks.push({ streamId, offset, bytes })
  }

  get text(): string {
    return this.chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
  }

  /** Offset behind the newest byte. */
  get end(): number {
    const last = this.chunks.at(-1)
    return last ? last.offset + last.bytes.length : 0
  }
}

async function scene(timers: Timers = systemTimers, environment: Record<string, string> = {}) {
  const folder = await Deno.makeTempDir()
  const opened: EventParams<'terminal.opened'>[] = []
  const resized: EventParams<'terminal.resized'>[] = []
  const exited: EventParams<'terminal.exited'>[] = []
  const terminals = new Terminals({
    workspace: openWorkspace(folder),
    environment: { PATH, SHELL: '/bin/sh', ...environment },
    timers,
    events: {
      opened: (event) => void opened.push(event),
      resized: (event) => void resized.push(event),
      exited: (event) => void exited.push(event),
    },
  })
  const size = { cols: 80, rows: 24 }
  const run = (script: string, device = 'a', screen = new Screen()) => {
    const { result, viewer } = terminals.open(device, screen, { ...size, command: ['sh', '-c', script] })
    viewer.start()
    return { ...result, screen, viewer }
  }
  const attach = (terminalId: string, device: string, afterOffset?: number, screen = new Screen()) => {
    const params = { terminalId, ...(afterOffset !== undefined && { afterOffset }) }
    const { result, viewer } = terminals.attach(device, screen, params)
    viewer.start()
    return { result, viewer, screen }
  }
  const ended = (terminalId: string) =>
    until(() => exited.some((event) => event.terminalId === terminalId), 'the terminal has ended')
  const close = async () => {
    await terminals.closeAll()
    await Deno.remove(folder, { recursive: true })
  }
  return { folder, terminals, opened, resized, exited, size, run, attach, ended, close }
}

/** Grants as a controller that shows everything at once. */
const keepUp = (viewer: Viewer, screen: Screen) => {
  const timer = setInterval(() => viewer.grant(screen.end + limits.terminalWindow), 5)
  return () => clearInterval(timer)
}

Deno.test('a terminal runs a program, shows its output from offset 0, and tells its end', async () => {
  const { run, ended, exited, opened, terminals, close } = await scene()
  const { terminalId, screen, offset, written } = run('printf "hello %s" "$TERM"; exit 3')
  deepEqual([offset, written], [0, 0])
  await ended(terminalId)
  await until(() => screen.text === 'hello xterm-256color', 'the output is there')
  deepEqual(opened, [{ terminalId, cols: 80, rows: 24, by: 'a' }])
  deepEqual(exited, [{ terminalId, exitCode: 3, signal: null, end: 20 }])
  const [summary] = terminals.list
  deepEqual([summary?.running, summary?.exitCode, summary?.end], [false, 3, 20])
  await close()
})

Deno.test('a program that a signal has ended has no exit code', async () => {
  const { run, ended, exited, close } = await scene()
  await ended(run('kill -9 $$').terminalId)
  deepEqual([exited[0]?.exitCode, exited[0]?.signal], [null, 9])
  await close()
})

Deno.test('what is typed arrives, each byte once, by its offset', async () => {
  const { run, terminals, close } = await scene()
  const { terminalId, screen } = run('stty -echo; echo ready; cat')
  await until(() => screen.text.includes('ready'), 'the program reads')
  const write = (offset: number, text: string, device = 'a') =>
    terminals.write(device, { terminalId, offset, data: '' }, utf8(text))
  equal(write(0, 'one\n'), 4)
  throws(() => write(0, 'one\n'), { code: 'conflict', data: { offset: 4 } })
  throws(() => write(9, 'gap\n'), { code: 'conflict', data: { offset: 4 } })
  equal(write(4, 'two\n'), 8)
  equal(write(0, 'other\n', 'b'), 6)
  await until(() => screen.text.endsWith('one\r\ntwo\r\nother\r\n'), 'all of it came back')
  await close()
})

Deno.test('bytes that are no text pass unchanged, both ways', async () => {
  const { run, terminals, close } = await scene()
  const { terminalId, screen } = run('stty raw -echo; printf x; head -c 4')
  await until(() => screen.end === 1, 'the program reads')
  terminals.write('a', { terminalId, offset: 0, data: '' }, Uint8Array.of(0xff, 0x00, 0xc3, 0x28))
  await until(() => screen.end === 5, 'four bytes came back')
  deepEqual(
    screen.chunks.flatMap(({ bytes }) => [...bytes]),
    [0x78, 0xff, 0x00, 0xc3, 0x28],
  )
  await close()
})

Deno.test('a large output arrives whole, in order and within the credit', async () => {
  const { run, ended, close } = await scene()
  const { terminalId, screen, viewer } = run('head -c 3000000 /dev/zero | tr "\\0" x')
  await until(() => screen.end === limits.terminalWindow, 'the first credit is used')
  const stop = keepUp(viewer, screen)
  await ended(terminalId)
  await until(() => screen.end === 3_000_000, 'all of it is there')
  stop()
  let next = 0
  for (const { offset, bytes } of screen.chunks) {
    equal(offset, next)
    ok(bytes.length <= limits.chunkMax)
    next += bytes.length
  }
  await close()
})

Deno.test('a grant raises the credit, a lower one does not lower it, and an unknown stream is not found', async () => {
  const { run, terminals, close } = await scene()
  const { stream: streamId, screen } = run('head -c 400000 /dev/zero | tr "\\0" x; cat')
  await until(() => screen.end === limits.terminalWindow, 'the first credit is used')
  terminals.grant('a', { streamId, upTo: 300_000 })
  await until(() => screen.end === 300_000, 'the credit is used')
  terminals.grant('a', { streamId, upTo: 1 })
  terminals.grant('a', { streamId, upTo: 300_001 })
  await until(() => screen.end === 300_001, 'one more byte')
  throws(() => terminals.grant('a', { streamId: 99, upTo: 1 }), { code: 'not-found' })
  throws(() => terminals.grant('b', { streamId, upTo: 1 }), { code: 'not-found' })
  await close()
})

Deno.test('several see a terminal, and the slow one delays nobody', async () => {
  const { run, attach, close } = await scene()
  const slow = new Screen()
  const opened = run('head -c 600000 /dev/zero | tr "\\0" x; cat', 'slow', slow)
  slow.gate = new Promise(() => {})
  const fast = attach(opened.terminalId, 'fast', 0)
  const stop = keepUp(fast.viewer, fast.screen)
  await until(() => fast.screen.end === 600_000, 'the fast one has everything')
  stop()
  await close()
})

Deno.test('a viewer comes back where it was, or is told what is gone', async () => {
  const { run, attach, ended, close } = await scene()
  const { terminalId, screen, viewer } = run('head -c 1500000 /dev/zero | tr "\\0" x')
  const stop = keepUp(viewer, screen)
  await ended(terminalId)
  stop()
  const near = attach(terminalId, 'b', 1_400_000)
  equal(near.result.gap, undefined)
  await until(() => near.screen.end === 1_500_000, 'the rest is there')
  equal(near.screen.chunks[0]?.offset, 1_400_000)
  const oldest = 1_500_000 - limits.terminalRing
  deepEqual(attach(terminalId, 'c', 10).result.gap, { from: 10, to: oldest })
  const fresh = attach(terminalId, 'd')
  deepEqual([fresh.result.offset, fresh.result.gap], [oldest, undefined])
  throws(() => attach(terminalId, 'e', 1_500_001), { code: 'conflict', data: { end: 1_500_000 } })
  await close()
})

Deno.test('a second attach of the same controller ends its first stream', async () => {
  const { run, attach, terminals, close } = await scene()
  const { terminalId, screen } = run('echo one; read x; echo two')
  await until(() => screen.text.includes('one'), 'the program runs')
  const again = attach(terminalId, 'a', screen.end, screen)
  terminals.write('a', { terminalId, offset: 0, data: '' }, utf8('\n'))
  await until(() => screen.text.includes('two'), 'the rest is there')
  ok(screen.chunks.filter(({ offset }) => offset >= again.result.offset).every(({ streamId }) => streamId === 2))
  await close()
})

Deno.test('while nobody has credit the program waits, for at most 10 s', async () => {
  const timers = new ManualTimers()
  const { run, terminals, close } = await scene(timers)
  const { screen } = run('head -c 2000000 /dev/zero | tr "\\0" x; cat')
  const drain = async () => {
    const before = terminals.list[0]?.end
    timers.advance(limits.terminalCoalesce)
    await new Promise((resolve) => setTimeout(resolve, 5))
    return terminals.list[0]?.end === before
  }
  while (screen.end < limits.terminalWindow) await drain()
  let quiet = 0
  while (quiet < 20) quiet = (await drain()) ? quiet + 1 : 0
  ok((terminals.list[0]?.end ?? 0) < 1_000_000, 'it waits')
  timers.advance(limits.terminalStall)
  await until(() => terminals.list[0]?.end === 2_000_000, 'it is read again')
  await close()
})

Deno.test('what a program has written before its end is not lost while nobody has credit', async () => {
  const { run, ended, exited, close } = await scene()
  const { terminalId, screen, viewer } = run(`head -c ${limits.terminalWindow} /dev/zero | tr "\\0" x; printf end`)
  await until(() => screen.end === limits.terminalWindow, 'the credit is used')
  await ended(terminalId)
  equal(exited[0]?.end, limits.terminalWindow + 3)
  viewer.grant(2 * limits.terminalWindow)
  await until(() => screen.text.endsWith('end'), 'the end is there')
  await close()
})

Deno.test('without viewers the output is read into the ring', async () => {
  const { run, terminals, ended, close } = await scene()
  const { terminalId } = run('head -c 5000000 /dev/zero | tr "\\0" x')
  terminals.detach('a')
  await ended(terminalId)
  equal(terminals.list[0]?.end, 5_000_000)
  await close()
})

Deno.test('a resize reaches the program, and the last one wins', async () => {
  const { run, terminals, resized, close } = await scene()
  const { terminalId, screen } = run('trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done')
  await until(() => screen.text.includes('ready'), 'the program runs')
  terminals.resize({ terminalId, cols: 100, rows: 30 })
  terminals.resize({ terminalId, cols: 132, rows: 43 })
  await until(() => screen.text.includes('43 132'), 'the program knows')
  deepEqual(resized.at(-1), { terminalId, cols: 132, rows: 43 })
  const [summary] = terminals.list
  deepEqual([summary?.cols, summary?.rows], [132, 43])
  await close()
})

Deno.test('close ends a terminal and what runs in it, whatever that ignores', async () => {
  const { run, terminals, exited, close } = await scene()
  const { terminalId, screen } = run(
    'trap "" HUP TERM; set -m; sh -c "trap \\"\\" HUP; echo job \\$\\$; sleep 600" & wait',
  )
  await until(() => /job ([0-9]+)/.test(screen.text), 'the job runs')
  const job = Number(/job ([0-9]+)/.exec(screen.text)?.[1])
  await terminals.close({ terminalId })
  deepEqual([exited[0]?.reason, exited[0]?.exitCode], ['closed', null])
  await until(() => !isAlive(job), 'the job is gone')
  throws(() => terminals.write('a', { terminalId, offset: 0, data: '' }, utf8('x')), { code: 'not-found' })
  throws(() => terminals.resize({ terminalId, cols: 1, rows: 1 }), { code: 'not-found' })
  await terminals.close({ terminalId })
  await rejects(terminals.close({ terminalId }), { code: 'not-found' })
  await close()
})

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`))
  } catch {
    return false
  }
}

Deno.test('a terminal has no settings of the agent in its environment, and a command is not run through a shell', async () => {
  const { terminals, size, ended, close } = await scene(systemTimers, { HAPPY_REMOTE_STATE: '/secret', MINE: 'mine' })
  const screen = new Screen()
  const { result, viewer } = terminals.open('a', screen, { ...size, command: ['env'] })
  viewer.start()
  await ended(result.terminalId)
  await until(() => screen.text.includes('MINE=mine'), 'the environment is there')
  ok(!screen.text.includes('HAPPY'))
  const echo = terminals.open('a', screen, { ...size, command: ['echo', '$MINE; *'] })
  echo.viewer.start()
  await until(() => screen.text.includes('$MINE; *'), 'the argument is as it was')
  await close()
})

Deno.test('without a command the shell of the user runs', async () => {
  const { terminals, size, ended, close } = await scene()
  const screen = new Screen()
  const { result, viewer } = terminals.open('a', screen, size)
  viewer.start()
  terminals.write('a', { terminalId: result.terminalId, offset: 0, data: '' }, utf8('echo $((6*7)); exit 5\n'))
  await ended(result.terminalId)
  await until(() => screen.text.includes('42'), 'the shell has counted')
  await close()
})

Deno.test('cwd stays inside the workspace, with its links resolved', async () => {
  const { terminals, size, folder, run, close } = await scene()
  await Deno.mkdir(`${folder}/in/deep`, { recursive: true })
  await Deno.symlink('/usr', `${folder}/out`)
  await Deno.symlink(`${folder}/in/deep`, `${folder}/link`)
  await Deno.writeTextFile(`${folder}/file`, '')
  const open = (cwd: string) => terminals.open('a', new Screen(), { ...size, cwd, command: ['true'] })
  for (const cwd of ['..', '/', '/etc', 'in/../..', 'out', 'out/bin', '/no/such/folder', '../no/such']) {
    throws(() => open(cwd), { code: 'path-outside-workspace' }, cwd)
  }
  for (const cwd of ['nothing', 'file']) throws(() => open(cwd), { code: 'not-found' }, cwd)
  for (const cwd of ['.', 'in', 'link', './in/../in/deep', folder]) open(cwd)
  const screen = new Screen()
  const { viewer } = terminals.open('a', screen, { ...size, cwd: 'link', command: ['pwd', '-P'] })
  viewer.start()
  await until(() => screen.text.trim().endsWith('/in/deep'), 'the folder is right')
  match(run('true').terminalId, /^[0-9a-f-]{36}$/)
  await close()
})

Deno.test('a program that is not there is not found', async () => {
  const { terminals, size, folder, close } = await scene()
  await Deno.writeTextFile(`${folder}/plain`, 'x', { mode: 0o644 })
  for (const name of ['no-such-program', './plain', '/no/such', folder]) {
    throws(() => terminals.open('a', new Screen(), { ...size, command: [name] }), { code: 'not-found' }, name)
  }
  equal(terminals.list.length, 0)
  await close()
})
