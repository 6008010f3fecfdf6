// One computer: its name, how it stands, and its sections.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import type { ComponentType } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { linkTo } from '../app/routes.ts'
import type { Agent } from '../state/agent.ts'
import type { Household } from '../state/household.ts'
import { Following } from '../state/tabs/following.ts'
import { texts } from '../texts.ts'
import { About } from './about.tsx'
import { nameOf } from './computers.tsx'
import { Elsewhere } from './doors.tsx'
import { Files } from './files/files.tsx'
import { useFocus } from './focus.ts'
import { GitView } from './git/git.tsx'
import { Icon } from './icon.tsx'
import { Presence, presenceOf } from './presence.tsx'
import { Standing } from './standing.tsx'
import { Talk } from './talk/talk.tsx'
import { Terminals } from './terminal/terminals.tsx'

export interface SectionProps {
  readonly home: Household
  readonly agent: Agent
  /** What the address says to look at in the section. */
  readonly path: readonly string[]
}

interface SectionOf {
  readonly id: string
  /** Without it the section is not shown. */
  readonly capability?: Capability
  readonly View: ComponentType<SectionProps>
  /** Why a tab that follows another one does not show it. */
  readonly elsewhere?: string
}

/** In their order; each has its name in `texts.sections`. */
const SECTIONS: readonly SectionOf[] = [
  { id: 'talk', View: Talk },
  { id: 'terminal', capability: 'terminal', View: Terminals, elsewhere: texts.doors.elsewhereAbout.terminal },
  { id: 'files', capability: 'files', View: Files },
  { id: 'git', capability: 'git', View: GitView },
  { id: 'about', View: About },
]

export function Computer({ home, agent, section, path }: SectionProps & { section: string }) {
  const sections = SECTIONS.filter(({ capability }) => capability === undefined || agent.may(capability))
  const { id, View, elsewhere } = sections.find((one) => one.id === section) ?? (SECTIONS[0] as SectionOf)
  const heading = useFocus<HTMLHeadingElement>(id)
  const current = useRef<HTMLAnchorElement>(null)
  useEffect(() => {
    // Where the text is large they do not all fit.
    if (id) current.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [id])
  const asks = agent.waiting.value.length
  const isUsedElsewhere = presenceOf(agent).text === texts.presence.superseded
  return (
    <div class="computer">
      <header class="bar">
        <a class="button bare narrow-only" href={linkTo.computers} aria-label={texts.back}>
          <Icon name="back" />
        </a>
        <div class="bar-title">
          <h1 ref={heading} tabIndex={-1}>
            {nameOf(agent)}
          </h1>
          <Presence agent={agent} />
        </div>
        {isUsedElsewhere && (
          <button type="button" class="button" onClick={() => agent.wake()}>
            {texts.presence.useHere}
          </button>
        )}
        <nav class="sections" aria-label={texts.sections.label}>
          {sections.map((one) => (
            <a
              key={one.id}
              ref={one.id === id ? current : null}
              href={linkTo.computer(agent.id, one.id)}
              aria-current={one.id === id ? 'page' : undefined}
            >
              {texts.sections[one.id]}
              {one.id === 'talk' && asks > 0 && (
                <span class="tag attention">
                  <span aria-hidden="true">{asks}</span>
                  <span class="visually-hidden">, {texts.presence.asks(asks)}</span>
                </span>
              )}
            </a>
          ))}
        </nav>
      </header>
      <Standing home={home} agent={agent} />
      {home instanceof Following && elsewhere !== undefined ? (
        <Elsewhere about={elsewhere} take={home.takeOver} />
      ) : (
        <View home={home} agent={agent} path={path} />
      )}
    </div>
  )
}
