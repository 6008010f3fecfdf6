// Pairing, one screen a step.

import { useEffect } from 'preact/hooks'
import { go, linkTo } from '../../app/routes.ts'
import type { Home } from '../../state/home.ts'
import { texts } from '../../texts.ts'
import { nameOf } from '../computers.tsx'
import { useFocus } from '../focus.ts'
import { Icon } from '../icon.tsx'
import { Mark } from '../mark.tsx'
import { Code } from './code.tsx'
import { Consent } from './consent.tsx'

const words = texts.pair

export function Pair({ home }: { home: Home }) {
  const step = home.pairing.step.value
  const heading = useFocus<HTMLHeadingElement>(step.at)
  // Whoever comes back later begins anew.
  useEffect(
    () => () => {
      if (home.pairing.step.peek().at !== 'digits') home.pairing.restart()
    },
    [home],
  )
  const again = (
    <button type="button" class="button primary" onClick={() => home.pairing.restart()}>
      {words.retry}
    </button>
  )
  const titles = {
    code: words.title,
    consent: words.consentTitle,
    reaching: words.reaching,
    digits: words.digitsTitle,
    paired: words.paired,
    failed: words.failedTitle,
  }
  return (
    <section class="pair" aria-labelledby="pair-title">
      <header class="bar">
        <a class="button bare" href={linkTo.computers} aria-label={texts.cancel}>
          <Icon name="back" />
        </a>
        <h1 id="pair-title" ref={heading} tabIndex={-1}>
          {titles[step.at]}
        </h1>
      </header>
      <div class="sheet">
        {step.at === 'code' && <Code pairing={home.pairing} why={step.why} />}
        {step.at === 'consent' && <Consent home={home} step={step} />}
        {step.at === 'reaching' && (
          <>
            <p role="status">
              {step.isRelayAway ? words.relayAway : step.isAnswerLate ? words.answerLate : words.reachingAbout}
            </p>
            <div class="progress" aria-hidden="true" />
            {(step.isRelayAway || step.isAnswerLate) && again}
          </>
        )}
        {step.at === 'digits' && (
          <>
            <p class="digits" role="img" aria-label={words.digitsSpoken(step.digits)}>
              <span aria-hidden="true">{step.digits.slice(0, 3)}</span>
              <span aria-hidden="true">{step.digits.slice(3)}</span>
            </p>
            <p>{words.digitsAbout}</p>
            <p class="quiet">{words.digitsLimit}</p>
            <div class="actions">
              <button type="button" class="button" onClick={() => void home.pairing.giveUp()}>
                {words.giveUp}
              </button>
            </div>
          </>
        )}
        {step.at === 'paired' && (
          <div class="empty">
            <Mark />
            <p role="status">{words.pairedAbout(paired(home, step.agentId))}</p>
            <button type="button" class="button primary" onClick={() => go(linkTo.computer(step.agentId))}>
              {words.open}
            </button>
          </div>
        )}
        {step.at === 'failed' && (
          <div class="empty">
            <p role="alert">{words.failures[step.why] ?? words.failure}</p>
            {again}
          </div>
        )}
      </div>
    </section>
  )
}

function paired(home: Home, agentId: string): string {
  const agent = home.agent(agentId)
  return agent ? nameOf(agent) : texts.computers.unnamed
}
