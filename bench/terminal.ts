// A terminal through our relay against OpenSSH on loopback: how long until a key is echoed, and how long much output takes.
// Both clients are programs with pipes, so both pay for a pipe on the way in and on the way out.

import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { Live, RUNTIMES, type Runtime, run } from './live.ts'
import { OpenSsh, sshServer } from './openssh.ts'
import { compare, type Measured, median } from './rounds.ts'
import type { Row, Topic } from './row.ts'

const ROUNDS = 5
const KEYS = 100
/** MiB in a round. */
const BULK = 8
/** ms that a key may be echoed later than by OpenSSH. */
const ECHO_GOAL = 1
/** At least half as fast. */
const BULK_GOAL = 2

/** `cat` echoes nothing before a line ends: the echo is that of the terminal itself. */
const ECHO = 'cat >/dev/null'
const bytes = BULK * 1_048_576
const FLOOD = `stty -echo; echo ready; while read -r line; do head -c ${bytes} /dev/zero | tr '\\0' x; done`

/** A program that is a terminal. */
class Screen {
  readonly #child: ChildProcessWithoutNullStreams
  #received = 0
  #awaited = Number.POSITIVE_INFINITY
  #wake: () => void = () => {}

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => {
      this.#received += chunk.length
      if (this.#received >= this.#awaited) this.#wake()
    })
    child.once('exit', () => this.#wake())
  }

  /** Waits until so many bytes have come in all. */
  async until(count: number): Promise<void> {
    const came = Promise.withResolvers<void>()
    this.#awaited = count
    this.#wake = came.resolve
    if (this.#received < this.#awaited) await came.promise
    if (this.#received < this.#awaited) throw new Error(`${this.#child.spawnargs.join(' ')} has ended`)
  }

  /** ms until so many bytes have come since `text` was typed. */
  async time(text: string, count: number): Promise<number> {
    const began = performance.now()
    const to = this.#received + count
    this.#child.stdin.write(text)
    await this.until(to)
    return performance.now() - began
  }

  end(): void {
    this.#child.kill()
  }
}

type Contestant = { readonly name: string; readonly screen: Screen; readonly samples: number[] }

/** Everybody once in each round, and each as often first. */
async function rounds(
  contestants: readonly Contestant[],
  measure: (screen: Screen) => Promise<number>,
): Promise<Measured[]> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of round % 2 === 0 ? contestants : contestants.toReversed()) {
      each.samples.push(await measure(each.screen))
    }
  }
  return [...contestants]
}

/** The median of a round. */
async function echo(screen: Screen): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < KEYS; i++) times.push(await screen.time('x', 1))
  // A line that a terminal collects is at most 4,096 bytes long.
  await screen.time('\n', 2)
  return median(times)
}

const flood = (screen: Screen): Promise<number> => screen.time('\n', bytes)

async function against(live: Live, ssh: OpenSsh, name: string, shell: string, measure: typeof echo, first: number) {
  const screens = [
    new Screen(run(live.controller('/bin/sh', '-c', shell))),
    new Screen(run(ssh.terminal(shell))),
  ] as const
  try {
    const [ours, theirs] = screens
    const contestants: Contestant[] = [
      { name, screen: ours, samples: [] },
      { name: 'OpenSSH', screen: theirs, samples: [] },
    ]
    for (const screen of screens) {
      // What it says when it is ready, or an echo that shows it.
      await (first > 1 ? screen.until(first) : screen.time('x', first))
      await measure(screen)
    }
    return (await rounds(contestants, measure)) as [Measured, Measured]
  } finally {
    for (const screen of screens) screen.end()
  }
}

async function rowsOf(runtime: Runtime, ssh: OpenSsh): Promise<Row[]> {
  const live = await Live.begin(runtime, 'claude.getStatus')
  const name = `terminal of a ${runtime === 'node' ? 'Node' : 'Deno'} agent`
  try {
    const echoed = await against(live, ssh, name, ECHO, echo, 1)
    const theirs = median(echoed[1].samples)
    const flooded = await against(live, ssh, name, FLOOD, flood, 'ready\r\n'.length)
    return [
      {
        id: `terminal.echo.p50.${runtime}`,
        ...compare(...echoed),
        unit: 'ms',
        goal: (theirs + ECHO_GOAL) / theirs,
      },
      { id: `terminal.bulk.${runtime}`, ...compare(...flooded), unit: `ms for ${BULK} MiB`, goal: BULK_GOAL },
    ]
  } finally {
    await live.end()
  }
}

export const terminals: Topic = {
  ids: RUNTIMES.flatMap((runtime) => [`terminal.echo.p50.${runtime}`, `terminal.bulk.${runtime}`]),
  needsReferences: () => false,
  measure: async () => {
    const program = sshServer()
    if (program === undefined) {
      console.error(
        'bench: there is no sshd (Debian: apt-get install openssh-server), so terminal.echo and terminal.bulk are left out',
      )
      return []
    }
    const ssh = await OpenSsh.start(program)
    try {
      const rows: Row[] = []
      for (const runtime of RUNTIMES) rows.push(...(await rowsOf(runtime, ssh)))
      return rows
    } finally {
      ssh.end()
    }
  },
}
