// Ends every process that a terminal started, also those that ignore SIGHUP or sit in the background.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const POLL = 20
/** Rounds of SIGKILL after which what still lives (a process stuck in the kernel) is left. */
const KILLS = 50

/**
 * Signals the session of `leader`: SIGHUP, as a closed terminal does, and SIGKILL to what is left after
 * `grace` ms. Resolves when nothing is left. Programs that made a session of their own (setsid) are not
 * part of it. Where there is no /proc, the leader's process group stands for the session.
 */
export async function endSession(leader: number, grace: number): Promise<void> {
  // A stopped process sees its SIGHUP only when it continues.
  for (const signal of ['SIGHUP', 'SIGCONT'] as const) signalAll(leader, signal)
  const until = performance.now() + grace
  while (members(leader).length > 0 && performance.now() < until) await delay(POLL)
  for (let round = 0; round < KILLS && signalAll(leader, 'SIGKILL') > 0; round++) await delay(POLL)
}

/** How many were there to be signalled. */
function signalAll(leader: number, signal: NodeJS.Signals): number {
  const targets = members(leader)
  for (const target of targets) {
    try {
      process.kill(target, signal)
    } catch {
      // It has ended meanwhile.
    }
  }
  return targets.length
}

/** Targets for `process.kill`: the pids of the session, or the leader's group where there is no /proc. */
function members(leader: number): number[] {
  const all = processes()
  if (all === null) return [-leader, leader].filter(lives).slice(0, 1)
  return all.filter((pid) => {
    const stat = statOf(pid)
    if (stat === null || stat.state === 'Z' || stat.state === 'X') return false
    // A leader that was just forked is not yet in the session that it is about to make.
    return stat.session === leader || (pid === leader && stat.parent === process.pid)
  })
}

function processes(): number[] | null {
  if (process.platform !== 'linux') return null
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return null
  }
}

interface Stat {
  readonly state: string
  readonly parent: number
  readonly session: number
}

/** proc_pid_stat(5): `pid (name) state ppid pgrp session …`; the name may hold spaces and parentheses. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state = '', parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent), session: Number(session) }
  } catch {
    return null
  }
}

function lives(target: number): boolean {
  try {
    process.kill(target, 0)
    return true
  } catch {
    return false
  }
}
