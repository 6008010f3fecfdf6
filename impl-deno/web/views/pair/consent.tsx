// Before a code is used the person sees with whom, through which relay, and what that allows (pairing.consent.screen).

import { CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { useState } from 'preact/hooks'
import { fittingName, keepDeviceName } from '../../app/device-name.ts'
import { now } from '../../state/clock.ts'
import type { Home } from '../../state/home.ts'
import type { PairingStep } from '../../state/pairing.ts'
import { texts } from '../../texts.ts'

const words = texts.pair
/** What an agent grants unless its owner says otherwise. */
const GRANTED = CAPABILITIES.filter((name) => name !== 'git.push' && name !== 'admin')

interface Props {
  readonly home: Home
  readonly step: Extract<PairingStep, { at: 'consent' }>
}

export function Consent({ home, step }: Props) {
  const [name, setName] = useState(home.name.value)
  // The clocks of the two may differ, so that it is not over for sure.
  const left = Math.round((step.expiresAt - now.value) / 1_000)
  const isOver = left <= 0
  const agree = () => {
    const fitting = fittingName(name)
    keepDeviceName(fitting)
    home.name.value = fitting
    void home.pairing.agree(fitting)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        agree()
      }}
    >
      <dl class="facts">
        <dt>{words.computer}</dt>
        <dd class="mono">hd1{step.agentId}</dd>
        <dt>{words.relay}</dt>
        <dd>
          <span class="mono">{step.relay}</span>
          <span class="quiet">{words.relayAbout}</span>
        </dd>
      </dl>
      <h2>{words.allows}</h2>
      <ul class="grants">
        {GRANTED.map((capability) => {
          const [title, about] = texts.capabilities[capability]
          return (
            <li key={capability}>
              <strong>{title}</strong> <span class="quiet">{about}</span>
            </li>
          )
        })}
      </ul>
      <p>{words.allowsAbout}</p>
      <label class="field">
        {words.deviceName}
        <input
          type="text"
          value={name}
          maxLength={64}
          autocomplete="off"
          aria-describedby="device-name-about"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <p id="device-name-about" class="quiet">
        {words.deviceNameAbout}
      </p>
      <div class="actions consent-actions">
        {isOver && (
          <p role="alert" class="trouble">
            {words.overHere}
          </p>
        )}
        <button type="submit" class={isOver ? 'button' : 'button primary'}>
          {words.agree}
        </button>
        <button type="button" class={isOver ? 'button primary' : 'button'} onClick={() => home.pairing.restart()}>
          {isOver ? words.retry : texts.cancel}
        </button>
      </div>
      {!isOver && <p class="quiet">{words.expires(left)}</p>}
    </form>
  )
}
