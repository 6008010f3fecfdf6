// The frame: one pane on a phone, two where there is room.

import { route } from '../app/routes.ts'
import type { Home } from '../state/home.ts'
import { Following } from '../state/tabs/following.ts'
import { texts } from '../texts.ts'
import { Computer } from './computer.tsx'
import { Computers } from './computers.tsx'
import { Elsewhere } from './doors.tsx'
import { Notices } from './notices.tsx'
import { Pair } from './pair/pair.tsx'

export function App({ home }: { home: Home | Following }) {
  const shown = route.value
  const agent = shown.at === 'computer' ? home.agent(shown.id) : undefined
  const isDetail = shown.at === 'pair' || agent !== undefined
  return (
    <div class="frame">
      <Notices home={home} />
      <div class={`panes ${isDetail ? 'detail' : 'list'}`}>
        <nav class="pane-list" aria-label={texts.computers.title}>
          <Computers home={home} />
        </nav>
        <main class="pane-detail">
          {shown.at === 'pair' &&
            (home instanceof Following ? (
              <Elsewhere about={texts.doors.elsewhereAbout.pair} take={home.takeOver} />
            ) : (
              <Pair home={home} />
            ))}
          {agent && shown.at === 'computer' && (
            <Computer key={agent.id} home={home} agent={agent} section={shown.section} path={shown.path} />
          )}
          {!isDetail && (
            <p class="door wide-only">{home.agents.value.length > 0 ? texts.computers.choose : texts.name}</p>
          )}
        </main>
      </div>
    </div>
  )
}
