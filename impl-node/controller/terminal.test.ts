import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, mock, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { MethodName } from '@happy-remote/schemas/rpc/registry.ts'
import type { CallOptions, Calls } from './calls.ts'
import { RemoteTerminal } from './terminal.ts'

beforeEach((context) => {
  const t = context as TestContext
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
})

interface Pending {
  readonly method: MethodName
  readonly params: Record<string, unknown>
  readonly signal: AbortSignal | undefined
  /** As if the request went out once more. */
  again(): void
  answer(result: unknown): Promise<void>
  fail(code: 'conflict' | 'not-found' | 'busy' | 'forbidden' | 'timeout', data?: unknown): Promise<void>
}

const HOLE = 1_000
const terminalId = randomUUID()

class Bench {
  readonly calls: Pending[] = []
  text = ''
  readonly gaps: [number, number][] = []
  readonly exits: { exitCode: number | null; end: number; reason?: string }[] = []
  ended = 0
  readonly terminal: RemoteTerminal

  constructor(t: TestContext, offset = 0, written = 0) {
    const calls = { call: (...args: Parameters<Calls['call']>) => this.#call(...args) } as Pick<Calls, 'call'>
    this.terminal = new RemoteTerminal(
      calls,
      {
        onData: (bytes) => {
          this.text += Buffer.from(bytes).toString()
        },
        onGap: (from, to) => this.gaps.push([from, to]),
        onExit: (exit) => this.exits.push(exit),
      },
      { terminalId, stream: 1, offset, written },
      () => this.ended++,
    )
    t.after(() => this.terminal.detach())
  }

  #call(method: MethodName, params: unknown, { signal, onSend, onResult }: CallOptions = {}): Promise<never> {
    return new Promise((resolve, reject) => {
      onSend?.()
      this.calls.push({
        method,
        params: params as Record<string, unknown>,
        signal,
        again: () => onSend?.(),
        answer: async (result) => {
          resolve(result as never)
          onResult?.(result as never)
          await nextTurn()
        },
        fail: async (code, data) => {
          reject(new ProtocolError(code, 'no', data))
          await nextTurn()
        },
      })
      signal?.addEventListener('abort', () => reject(new ProtocolError('interrupted')))
    })
  }

  chunk(offset: number, text: string, streamId = 1): void {
    this.terminal.onChunk({ streamId, offset, bytes: Buffer.from(text) })
  }

  of(method: MethodName): Pending[] {
    return this.calls.filter((call) => call.method === method)
  }

  last(method: MethodName): Pending {
    const call = this.of(method).at(-1)
    assert.ok(call, `no call of ${method}`)
    return call
  }

  attached(change: object = {}): Promise<void> {
    const { params } = this.last('terminal.attach')
    const offset = params.afterOffset as number
    const answer = { terminalId, stream: 2, offset, written: 0, cols: 80, rows: 24, running: true }
    return this.last('terminal.attach').answer({ ...answer, ...change })
  }

  typed(text: string): void {
    this.terminal.write(Buffer.from(text))
  }

  get written(): string[] {
    return this.of('terminal.write').map(({ params }) => Buffer.from(params.data as string, 'base64url').toString())
  }
}

const exited = (end: number, exitCode = 0) => ({ terminalId, exitCode, signal: null, end })

test('output comes in order, whatever the order of its chunks', (t) => {
  const bench = new Bench(t)
  bench.chunk(2, 'cd')
  bench.chunk(4, 'ef')
  assert.equal(bench.text, '')
  bench.chunk(0, 'abc')
  bench.chunk(1, 'bcdef')
  assert.equal(bench.text, 'abcdef')
  mock.timers.tick(10 * HOLE)
  assert.deepEqual(bench.calls, [])
})

test('a hole that stays is fetched by attaching again from where the output stopped', async (t) => {
  const bench = new Bench(t)
  bench.chunk(0, 'ab')
  bench.chunk(4, 'ef')
  mock.timers.tick(HOLE)
  assert.equal(bench.of('terminal.attach').length, 1)
  assert.equal(bench.last('terminal.attach').params.afterOffset, 2)
  await bench.attached()
  assert.equal(bench.terminal.stream, 2)
  bench.chunk(2, 'cdef', 2)
  assert.equal(bench.text, 'abcdef')
})

test('what is no longer kept is told as a gap, once', async (t) => {
  const bench = new Bench(t)
  bench.chunk(0, 'ab')
  void bench.terminal.reattach()
  // the old stream has gone on meanwhile
  bench.chunk(2, 'cd')
  await bench.attached({ offset: 10, gap: { from: 2, to: 10 } })
  assert.deepEqual(bench.gaps, [[4, 10]])
  bench.chunk(10, 'k', 2)
  assert.equal(bench.text, 'abcdk')
})

test('a gap that output has closed meanwhile takes nothing back', async (t) => {
  const bench = new Bench(t)
  void bench.terminal.reattach()
  bench.chunk(0, 'abcdef')
  await bench.attached({ offset: 3, gap: { from: 0, to: 3 } })
  bench.chunk(3, 'defgh', 2)
  assert.deepEqual(bench.gaps, [])
  assert.equal(bench.text, 'abcdefgh')
})

// rpc.terminal.open-again, rpc.terminal.attach-replace
test('an attachment of another session, or one that was asked for twice, is made anew', async (t) => {
  const bench = new Bench(t)
  void bench.terminal.reattach()
  bench.terminal.onSessionEnd()
  await bench.attached({ stream: 7 })
  assert.equal(bench.terminal.stream, null)
  assert.equal(bench.of('terminal.attach').length, 2)
  bench.last('terminal.attach').again()
  await bench.attached({ stream: 8 })
  assert.equal(bench.of('terminal.attach').length, 3)
  await bench.attached({ stream: 9 })
  assert.equal(bench.terminal.stream, 9)
  assert.equal(bench.of('terminal.attach').length, 3)
})

test('two reasons to attach make two attachments, one after the other', async (t) => {
  const bench = new Bench(t)
  void bench.terminal.reattach()
  void bench.terminal.reattach()
  assert.equal(bench.of('terminal.attach').length, 1)
  await bench.attached({ stream: 2 })
  assert.equal(bench.of('terminal.attach').length, 2)
  await bench.attached({ stream: 3 })
  assert.equal(bench.terminal.stream, 3)
})

// rpc.credit.grant, rpc.credit.initial
test('credit is granted whenever half of it is used, and the newest grant counts', async (t) => {
  const bench = new Bench(t)
  const half = 'x'.repeat(limits.terminalWindow / 2)
  bench.chunk(0, half.slice(1))
  assert.equal(bench.calls.length, 0)
  bench.chunk(half.length - 1, 'x')
  const [first] = bench.calls
  assert.deepEqual(first?.params, { streamId: 1, upTo: half.length + limits.terminalWindow })
  bench.chunk(half.length, half)
  assert.equal(first?.signal?.aborted, true)
  assert.equal(bench.last('stream.credit').params.upTo, 2 * half.length + limits.terminalWindow)
  // a number of this session means another stream in the next
  bench.terminal.onSessionEnd()
  assert.equal(bench.last('stream.credit').signal?.aborted, true)
})

test('a grant that the agent refuses or does not answer makes the terminal attach again', async (t) => {
  for (const code of ['not-found', 'timeout'] as const) {
    const bench = new Bench(t)
    bench.chunk(0, 'x'.repeat(limits.terminalWindow / 2))
    await bench.last('stream.credit').fail(code)
    mock.timers.tick(HOLE)
    assert.equal(bench.of('terminal.attach').length, 1)
  }
})

test('what is typed goes out in order, one write at a time, at the offset that is next', async (t) => {
  const bench = new Bench(t, 0, 5)
  bench.typed('a')
  bench.typed('b')
  bench.typed('c')
  assert.deepEqual(bench.written, ['a'])
  assert.equal(bench.terminal.unwritten, 3)
  await bench.last('terminal.write').answer({ offset: 6 })
  assert.deepEqual(bench.written, ['a', 'bc'])
  assert.equal(bench.last('terminal.write').params.offset, 6)
  await bench.last('terminal.write').answer({ offset: 8 })
  assert.equal(bench.terminal.unwritten, 0)
})

// rpc.write.conflict
test('a conflict with the end of a repeated write says that it had arrived', async (t) => {
  const bench = new Bench(t)
  bench.typed('abc')
  bench.last('terminal.write').again()
  await bench.last('terminal.write').fail('conflict', { offset: 3 })
  assert.deepEqual(bench.written, ['abc'])
  assert.equal(bench.terminal.unwritten, 0)
  bench.typed('d')
  assert.equal(bench.last('terminal.write').params.offset, 3)
})

test('a conflict of a write that went out once says that another wrote: it is written behind that', async (t) => {
  const bench = new Bench(t)
  bench.typed('abc')
  await bench.last('terminal.write').fail('conflict', { offset: 2 })
  assert.deepEqual(bench.written, ['abc', 'abc'])
  assert.equal(bench.last('terminal.write').params.offset, 2)
  await bench.last('terminal.write').answer({ offset: 5 })
  assert.equal(bench.terminal.unwritten, 0)
})

test('a conflict that names no other offset is no reason to write for ever', async (t) => {
  for (const data of [undefined, {}, { offset: 'x' }, { offset: 0 }]) {
    const bench = new Bench(t)
    bench.typed('abc')
    await bench.last('terminal.write').fail('conflict', data)
    assert.equal(bench.written.length, 1)
    assert.equal(bench.terminal.unwritten, 0)
  }
})

test('input waits for a program that does not read', async (t) => {
  const bench = new Bench(t)
  bench.typed('abc')
  await bench.last('terminal.write').fail('busy')
  assert.equal(bench.terminal.unwritten, 3)
  mock.timers.tick(1_000)
  assert.deepEqual(bench.written, ['abc', 'abc'])
})

test('what is typed into a terminal that has ended is not taken for written, and its end is asked for', async (t) => {
  const bench = new Bench(t)
  bench.typed('ls')
  await bench.last('terminal.write').fail('not-found')
  bench.typed(' -l')
  await bench.last('terminal.write').fail('not-found')
  assert.equal(Buffer.from(bench.terminal.unaccepted).toString(), 'ls -l')
  assert.equal(bench.terminal.unwritten, 0)
  mock.timers.tick(HOLE)
  assert.equal(bench.of('terminal.attach').length, 1)
})

test('the exit is told after all of the output', (t) => {
  const bench = new Bench(t)
  bench.chunk(0, 'ab')
  bench.terminal.onExited(exited(4, 3))
  assert.deepEqual(bench.exits, [])
  bench.chunk(2, 'cd')
  assert.deepEqual(bench.exits, [{ ...exited(4, 3) }])
  assert.equal(bench.ended, 1)
  bench.chunk(4, 'late')
  assert.equal(bench.text, 'abcd')
})

test('output that is missing when the program has ended is fetched first', async (t) => {
  const bench = new Bench(t)
  bench.terminal.onExited(exited(2))
  mock.timers.tick(HOLE)
  await bench.attached({ running: false })
  bench.chunk(0, 'ab', 2)
  assert.equal(bench.text, 'ab')
  assert.equal(bench.exits.length, 1)
})

test('an exit whose event was lost is learned from the list', async (t) => {
  const bench = new Bench(t)
  void bench.terminal.reattach()
  await bench.attached({ running: false })
  const summary = { terminalId, cols: 80, rows: 24, running: false, exitCode: 9, startedAt: 1, oldest: 0, end: 2 }
  await bench.last('terminal.list').answer({ terminals: [summary] })
  assert.deepEqual(bench.exits, [])
  bench.chunk(0, 'ab', 2)
  assert.deepEqual(bench.exits, [exited(2, 9)])
})

test('a terminal that the agent does not know any more is orphaned', async (t) => {
  const bench = new Bench(t)
  bench.terminal.onSessionEnd()
  void bench.terminal.reattach()
  await bench.last('terminal.attach').fail('not-found')
  assert.deepEqual(bench.exits, [{ terminalId, exitCode: null, signal: null, reason: 'orphaned', end: 0 }])
})

test('an attachment that is refused is tried again less and less often', async (t) => {
  const bench = new Bench(t)
  void bench.terminal.reattach()
  let failed = 0
  for (let i = 0; i < 100; i++) {
    for (; failed < bench.of('terminal.attach').length; failed++) await bench.last('terminal.attach').fail('forbidden')
    mock.timers.tick(1_000)
    await nextTurn()
  }
  const { length } = bench.of('terminal.attach')
  assert.ok(length >= 4 && length <= 10, `${length} times in 100 s`)
  assert.deepEqual(bench.exits, [])
})

test('a terminal that is watched no longer asks and tells nothing', async (t) => {
  const bench = new Bench(t)
  bench.chunk(4, 'late')
  bench.terminal.detach()
  bench.terminal.detach()
  mock.timers.tick(10 * HOLE)
  bench.chunk(0, 'abcd')
  bench.terminal.onExited(exited(0))
  bench.typed('x')
  bench.terminal.suspect()
  await bench.terminal.reattach()
  mock.timers.tick(10 * HOLE)
  assert.deepEqual([bench.text, bench.calls, bench.exits, bench.ended], ['', [], [], 1])
})

test('output that may be missing is asked for, unless more of it comes', (t) => {
  const bench = new Bench(t)
  bench.terminal.suspect()
  bench.chunk(0, 'ab')
  mock.timers.tick(HOLE)
  assert.equal(bench.of('terminal.attach').length, 0)
  bench.terminal.suspect()
  mock.timers.tick(HOLE)
  assert.equal(bench.of('terminal.attach').length, 1)
})
