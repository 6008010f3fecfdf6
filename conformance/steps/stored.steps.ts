// Steps about what a program stores: starting again, the lock, damage, and what stands there in clear.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Then, When } from '@cucumber/cucumber'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

When('the program is stopped and started again with its state', async function (this: SuiteWorld) {
  const { program } = runningOf(this)
  await program.stop()
  await program.startAgain()
})

When('the program is killed and started again with its state', async function (this: SuiteWorld) {
  await this.stage.powerCut()
})

When('the program is stopped', async function (this: SuiteWorld) {
  await runningOf(this).program.stop()
})

When('the program is started again with its state', async function (this: SuiteWorld) {
  found.set(this, await refusalOf(() => runningOf(this).program.startAgain()))
})

Then('in the end a call is made and answered, in a new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const before = running.session
  await running.callInTheEnd()
  if (running.session === before) throw new SuiteError('The scripted peer still uses the session of before')
})

Then('in the end a call is made and answered', async function (this: SuiteWorld) {
  await runningOf(this).callInTheEnd()
})

/** The code with which a start was refused, or undefined where it was not. */
const found = new WeakMap<SuiteWorld, string | undefined>()

async function refusalOf(start: () => Promise<void>): Promise<string | undefined> {
  try {
    await start()
    return undefined
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return code
  }
}

When('a second program is started with the same state', async function (this: SuiteWorld) {
  const { program } = runningOf(this)
  found.set(this, await refusalOf(() => program.startTwin()))
})

Then('it does not start, with "state-locked"', function (this: SuiteWorld) {
  const code = found.get(this)
  if (code !== 'state-locked') throw new Failed(`The second program ${code ? `is refused with "${code}"` : 'starts'}`)
})

/** The files of a folder, below it too. */
const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

const MARK = Buffer.from('damaged by the suite')
const SMALLEST = 1_024

/** Overwrites the middle of the records: the file that is larger than a key. */
When('the program is stopped, and what it has stored is damaged', async function (this: SuiteWorld) {
  const { program, peer } = runningOf(this)
  await program.stop()
  const files = filesOf(program.folder).filter((path) => statSync(path).size > SMALLEST)
  if (files.length === 0) throw new SuiteError('The program has stored no file that could hold a record')
  for (const path of files) {
    const bytes = readFileSync(path)
    MARK.copy(bytes, 0)
    writeFileSync(path, bytes)
  }
  peer.inbox.takeAll()
})

Then('it reports "state-corrupt"', async function (this: SuiteWorld) {
  const code = found.get(this)
  if (code !== undefined && code !== 'state-corrupt') throw new Failed(`The program is refused with "${code}"`)
  if (code === undefined) throw new Failed('The program starts with damaged records and reports nothing')
})

Then('what was damaged is still there', function (this: SuiteWorld) {
  const { program } = runningOf(this)
  const kept = filesOf(program.folder).some((path) => readFileSync(path).includes(MARK))
  if (!kept) throw new Failed('The program has deleted records that did not open')
})

Then('neither the pairing key nor a session key stands in what it has stored', function (this: SuiteWorld) {
  const { program, peer } = runningOf(this)
  const secrets = [peer.record?.ppk, peer.current?.state.rootKey, peer.current?.state.chainSend]
  for (const path of filesOf(program.folder)) {
    const bytes = readFileSync(path)
    for (const secret of secrets) {
      if (secret && bytes.includes(Buffer.from(secret)))
        throw new Failed('A secret stands in what the program has stored')
    }
  }
})
