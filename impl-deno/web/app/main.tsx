// The web controller begins here.

import { effect, untracked } from '@preact/signals'
import { render } from 'preact'
import { startClock } from '../state/clock.ts'
import { Home } from '../state/home.ts'
import { texts } from '../texts.ts'
import { App } from '../views/app.tsx'
import { Opening, Unusable } from '../views/doors.tsx'
import { keepFocus } from './focus-keeper.ts'
import { followKeyboard } from './keyboard.ts'
import { watchAttention } from './network.ts'
import { door, open } from './ownership.ts'
import { keepRelease } from './release.ts'
import { followAddress, go, linkTo } from './routes.ts'

/** A code that came with the address and waits for a tab that can pair. */
let early: string | undefined

function Root() {
  const shown = door.value
  if (shown.at === 'home') return <App home={shown.home} />
  if (shown.at === 'unusable') return <Unusable why={shown.why} again={() => void open()} />
  return <Opening />
}

function giveCode(): void {
  const shown = door.value
  if (early === undefined || shown.at !== 'home' || !(shown.home instanceof Home)) return
  const { pairing } = shown.home
  const code = early
  early = undefined
  untracked(() => pairing.take(code))
}

followAddress((code) => {
  early = code
  giveCode()
  go(linkTo.pair)
})
effect(giveCode)

watchAttention(
  (hidden) => {
    if (door.value.at === 'home') door.value.home.shownAfter(hidden)
  },
  () => {
    if (door.value.at === 'home') void door.value.home.save()
  },
)

document.title = texts.name
followKeyboard()
keepFocus()
startClock()
render(<Root />, document.getElementById('app') as HTMLElement)
void open()
keepRelease()
