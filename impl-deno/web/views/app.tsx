// The frame: one pane on a phone, two where there is room.

import { useEffect } from 'preact/hooks'
import { route } from '../app/routes.ts'
import type { Home } from '../state/home.ts'
import { Following } from '../state/tabs/following.ts'
import { texts } from '../texts.ts'
import { Announcements } from './announcements.tsx'
import { Computer } from './computer.tsx'
import { Computers, nameOf } from './computers.tsx'
import { Elsewhere } from './doors.tsx'
import { Notices } from './notices.tsx'
import { Pair } from './pair/pair.tsx'

export function App({ home }: { home: Home | Following }) {
  const shown = route.value
  const agent = shown.at === 'computer' ? home.agent(shown.id) : undefined
  const isEmpty = home.agents.value.length === 0
  const isDetail = shown.at === 'pair' || agent !== undefined
  const place = shown.at === 'pair' ? texts.pair.title : agent ? nameOf(agent) : texts.computers.title
  const title = texts.title(place, home.waiting.value)
  useEffect(() => {
    document.title = title
  }, [title])
  // Each is what the page is about where it stands alone.
  const List = isDetail ? 'nav' : 'main'
  const Detail = isDetail ? 'main' : 'section'
  return (
    <div class="frame">
      <Notices home={home} />
      <div class={`panes ${isDetail ? 'detail' : 'list'} ${isEmpty ? 'one' : ''}`}>
        <List class="pane-list" aria-label={isDetail ? texts.computers.title : undefined}>
          <Computers home={home} isAlone={!isDetail} />
        </List>
        <Detail class="pane-detail" aria-label={isDetail ? place : texts.name}>
          {shown.at === 'pair' &&
            (home instanceof Following ? (
              <Elsewhere about={texts.doors.elsewhereAbout.pair} take={home.takeOver} isAlone />
            ) : (
              <Pair home={home} />
            ))}
          {agent && shown.at === 'computer' && (
            <Computer key={agent.id} home={home} agent={agent} section={shown.section} path={shown.path} />
          )}
          {!isDetail && <p class="door wide-only">{texts.computers.choose}</p>}
        </Detail>
      </div>
      <Announcements home={home} />
    </div>
  )
}
