// A folder of the workspace that is now a folder and now a symbolic link to one outside.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SuiteError } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

const TURN = 3
const SECRET = 'what is outside of the workspace'

export interface Door {
  /** Holds `file` and `deeper/file`, as the folder does, and `only-outside`. */
  readonly outside: string
  /** Leaves it as it is now. */
  close(): void
}

const doors = new WeakMap<SuiteWorld, Door>()

export function makeDoor(world: SuiteWorld, place: string): void {
  const outside = mkdtempSync(join(tmpdir(), 'happy-remote-outside-'))
  mkdirSync(place)
  for (const folder of [outside, place]) mkdirSync(join(folder, 'deeper'))
  for (const name of ['file', 'deeper/file']) {
    writeFileSync(join(outside, name), SECRET)
    writeFileSync(join(place, name), 'inside')
  }
  writeFileSync(join(outside, 'only-outside'), SECRET)
  let isFolder = true
  const exchange = () => {
    if (isFolder) {
      renameSync(place, `${place}.aside`)
      symlinkSync(outside, place)
    } else {
      rmSync(place)
      renameSync(`${place}.aside`, place)
    }
    isFolder = !isFolder
  }
  const timer = setInterval(exchange, TURN)
  const close = () => {
    clearInterval(timer)
    rmSync(outside, { recursive: true })
  }
  doors.set(world, { outside, close })
}

export function doorOf(world: SuiteWorld): Door {
  const door = doors.get(world)
  if (!door) throw new SuiteError('No step has made a door')
  return door
}
