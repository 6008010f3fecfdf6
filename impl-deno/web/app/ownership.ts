// Which of several tabs holds the keys and the connections. The others follow it (../state/tabs/); one of them holds them by
// itself when that one is closed, or when its person wants to use it.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { signal } from '@preact/signals'
import { Store } from '../../session/store.ts'
import { type Hold, hold } from '../hold.ts'
import { openIndexedDb } from '../indexed-db.ts'
import { Home } from '../state/home.ts'
import { Following } from '../state/tabs/following.ts'
import { Leading } from '../state/tabs/leading.ts'
import { deviceName } from './device-name.ts'

const NAME = 'happy-remote'
/** Milliseconds for the other tab to let go. One that a phone has put to sleep does not: then the keys are taken from it. */
const PATIENCE = 3_000

export type Door =
  | { readonly at: 'opening' }
  | { readonly at: 'home'; readonly home: Home | Following }
  | { readonly at: 'unusable'; readonly why: string }

export const door = signal<Door>({ at: 'opening' })

const patience = () => new Promise<void>((resolve) => setTimeout(resolve, PATIENCE))

/** Shows why where it fails. */
async function trying(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = error instanceof ProtocolError ? error.code : (error as Error).name
    door.value = { at: 'unusable', why }
  }
}

/** Holds the keys, or follows the tab that does. */
export function open(): Promise<void> {
  door.value = { at: 'opening' }
  return trying(async () => {
    const held = await hold(NAME, { ifAvailable: true })
    if (held) await lead(held)
    else follow()
  })
}

/** `before`: what this tab has shown so far. */
async function lead(held: Hold, before?: Following): Promise<void> {
  let store: Store
  try {
    store = await Store.open(await openIndexedDb(NAME, held))
  } catch (error) {
    held.release()
    throw error
  }
  const home = new Home(store, deviceName())
  // What was written in this tab goes on.
  for (const agent of home.agents.value) {
    const shown = before?.agent(agent.id)
    if (!before || !shown) continue
    const { value: written } = shown.drafts.prompt
    if (written !== '' || before.hasGiven(agent.id)) agent.drafts.prompt.value = written
    agent.files.goOnWith(shown.files.drafts.value)
  }
  before?.close(home)
  const letGo = async (isTaken: boolean) => {
    if (door.value.at !== 'home' || door.value.home !== home) return
    leading.end()
    follow()
    await home.close().catch(() => {})
    leading.gone()
    leading.close()
    // Whoever asked takes it, so that no third tab comes between; unless it has ended meanwhile.
    if (!isTaken) await Promise.race([held.lost, patience()])
    held.release()
  }
  const leading = new Leading(home, () => void letGo(false))
  void held.lost.then(() => letGo(true))
  door.value = { at: 'home', home }
  void navigator.storage?.persist?.()
}

function follow(): void {
  const waiting = new AbortController()
  let isOver = false
  const leadWith = async (held: Hold | undefined) => {
    if (!held) return
    isOver = true
    await lead(held, following)
  }
  const following = new Following(deviceName(), () => {
    if (isOver || waiting.signal.aborted) return
    waiting.abort()
    door.value = { at: 'opening' }
    void trying(async () => {
      await Promise.race([following.askForKeys(), patience()])
      await leadWith(await hold(NAME, { steal: true }))
    })
  })
  door.value = { at: 'home', home: following }
  void trying(async () => leadWith(await hold(NAME, { signal: waiting.signal })))
}
