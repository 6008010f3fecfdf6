// The web controller begins here.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import type { Store } from '../../session/store.ts'
import { startClock } from '../state/clock.ts'
import { Home } from '../state/home.ts'
import { texts } from '../texts.ts'
import { App } from '../views/app.tsx'
import { Elsewhere, Opening, Unusable } from '../views/doors.tsx'
import { deviceName } from './device-name.ts'
import { onAskedToLetGo, openStore, takeOver } from './ownership.ts'
import { followAddress, go, linkTo } from './routes.ts'

type Door =
  | { readonly at: 'opening' | 'elsewhere' }
  | { readonly at: 'home'; readonly home: Home }
  | { readonly at: 'unusable'; readonly why: string }

const door = signal<Door>({ at: 'opening' })
/** A code that came with the address before there was a store. */
let early: string | undefined

function enter(store: Store): void {
  const home = new Home(store, deviceName())
  door.value = { at: 'home', home }
  if (early !== undefined) home.pairing.take(early)
  early = undefined
  void navigator.storage?.persist?.()
}

async function open(how: () => Promise<Store | undefined>): Promise<void> {
  door.value = { at: 'opening' }
  try {
    const store = await how()
    if (store) enter(store)
    else door.value = { at: 'elsewhere' }
  } catch (error) {
    const why = error instanceof ProtocolError ? error.code : (error as Error).name
    door.value = { at: 'unusable', why }
  }
}

function Root() {
  const shown = door.value
  if (shown.at === 'home') return <App home={shown.home} />
  if (shown.at === 'elsewhere') return <Elsewhere take={() => void open(takeOver)} />
  if (shown.at === 'unusable') return <Unusable why={shown.why} again={() => void open(openStore)} />
  return <Opening />
}

followAddress((code) => {
  if (door.value.at === 'home') door.value.home.pairing.take(code)
  else early = code
  go(linkTo.pair)
})
onAskedToLetGo(() => {
  if (door.value.at !== 'home') return
  const { home } = door.value
  door.value = { at: 'elsewhere' }
  void home.close()
})

let hiddenAt = 0
document.addEventListener('visibilitychange', () => {
  if (document.hidden) hiddenAt = Date.now()
  else if (door.value.at === 'home') door.value.home.shownAfter(Date.now() - hiddenAt)
})
addEventListener('online', () => {
  if (door.value.at === 'home') door.value.home.wake()
})

effect(() => {
  const waiting = door.value.at === 'home' ? door.value.home.waiting.value : 0
  document.title = waiting > 0 ? texts.nameWaiting(waiting) : texts.name
})
startClock()
render(<Root />, document.getElementById('app') as HTMLElement)
void open(openStore)
