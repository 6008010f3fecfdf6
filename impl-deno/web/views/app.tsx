// The frame: one pane on a phone, two where there is room.

import { route } from '../app/routes.ts'
import type { Home } from '../state/home.ts'
import { texts } from '../texts.ts'
import { Computer } from './computer.tsx'
import { Computers } from './computers.tsx'
import { Pair } from './pair/pair.tsx'

export function App({ home }: { home: Home }) {
  const shown = route.value
  const agent = shown.at === 'computer' ? home.agent(shown.id) : undefined
  const isDetail = shown.at === 'pair' || agent !== undefined
  return (
    <div class={`panes ${isDetail ? 'detail' : 'list'}`}>
      <nav class="pane-list" aria-label={texts.computers.title}>
        <Computers home={home} />
      </nav>
      <main class="pane-detail">
        {shown.at === 'pair' && <Pair home={home} />}
        {agent && shown.at === 'computer' && (
          <Computer key={agent.id} home={home} agent={agent} section={shown.section} path={shown.path} />
        )}
        {!isDetail && (
          <p class="door wide-only">{home.agents.value.length > 0 ? texts.computers.choose : texts.name}</p>
        )}
      </main>
    </div>
  )
}
