// What there is to know of a computer, and the end of its pairing.

import { CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { useEffect, useState } from 'preact/hooks'
import { safeLine } from '../../controller/safe-text.ts'
import { fittingName, keepDeviceName } from '../app/device-name.ts'
import { go, linkTo } from '../app/routes.ts'
import type { Device, Info } from '../state/agent.ts'
import { now } from '../state/clock.ts'
import { errorText, texts } from '../texts.ts'
import type { SectionProps } from './computer.tsx'
import { takeFocus } from './focus.ts'

const words = texts.about

type Own = Omit<SectionProps, 'path'>

function assistantText({ assistant }: Info): string {
  if (!assistant) return words.noAssistant
  const hint = assistant.scripted ? words.scripted : assistant.available ? '' : words.unavailable
  return [safeLine(assistant.name), hint].filter(Boolean).join(', ')
}

function DeviceRow({ device: { name, self, deviceId, lastHeardAt, online } }: { device: Device }) {
  const heard = lastHeardAt === null ? texts.presence.never : words.lastHeard(texts.ago(now.value - lastHeardAt))
  return (
    <li>
      <strong>{safeLine(name) || deviceId.slice(0, 8)}</strong>{' '}
      <span class="quiet">{self ? words.self : online ? texts.presence.online('') : heard}</span>
    </li>
  )
}

function Rename({ home, agent }: Own) {
  const [name, setName] = useState(home.name.value)
  const [trouble, setTrouble] = useState<string>()
  const save = async () => {
    const fitting = fittingName(name)
    setTrouble(undefined)
    try {
      const self = agent.devices.value.find((device) => device.self)
      if (self) await agent.controller.call('device.rename', { deviceId: self.deviceId, name: fitting })
      keepDeviceName(fitting)
      home.name.value = fitting
      await agent.readInfo()
    } catch (error) {
      setTrouble(errorText(error))
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <label class="field">
        {words.rename}
        <input type="text" value={name} maxLength={64} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <button type="submit" class="button" disabled={!agent.presence.value.online}>
        {texts.save}
      </button>
    </form>
  )
}

function Alias({ agent }: Pick<Own, 'agent'>) {
  const [alias, setAlias] = useState(agent.alias.value)
  const [trouble, setTrouble] = useState<string>()
  const name = safeLine(agent.name.value)
  const save = () => {
    setTrouble(undefined)
    agent.rename(alias.trim()).catch((error) => setTrouble(words.notKept(errorText(error))))
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <label class="field">
        {words.alias}
        <input
          type="text"
          value={alias}
          maxLength={64}
          placeholder={name}
          aria-describedby="alias-about"
          onInput={({ currentTarget }) => setAlias(currentTarget.value)}
        />
      </label>
      <p id="alias-about" class="quiet">
        {words.aliasAbout(name)}
      </p>
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <button type="submit" class="button" disabled={alias.trim() === agent.alias.value}>
        {words.aliasSave}
      </button>
    </form>
  )
}

function Remove({ home, agent }: Own) {
  const [isAsked, setAsked] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const remove = async () => {
    try {
      await home.remove(agent)
      go(linkTo.computers)
    } catch (error) {
      setTrouble(words.removeFailed(errorText(error)))
    }
  }
  return (
    <>
      <p>{agent.presence.value.online ? words.removeAbout : words.removeAway}</p>
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <div class="actions">
        {isAsked ? (
          <>
            <button ref={takeFocus} type="button" class="button danger" onClick={() => void remove()}>
              {words.removeSure}
            </button>
            <button type="button" class="button" onClick={() => setAsked(false)}>
              {texts.cancel}
            </button>
          </>
        ) : (
          <button type="button" class="button danger" onClick={() => setAsked(true)}>
            {words.remove}
          </button>
        )}
      </div>
    </>
  )
}

export function About({ home, agent }: Own) {
  useEffect(() => void agent.readInfo(), [agent])
  const info = agent.info.value
  const denied = CAPABILITIES.filter((capability) => !agent.may(capability))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section class="scroll" tabIndex={0} aria-label={words.title}>
      <div class="column about">
        <dl class="facts">
          <dt>{words.id}</dt>
          <dd class="mono">hd1{agent.id}</dd>
          <dt>{words.relay}</dt>
          <dd class="mono">{agent.controller.record.relay}</dd>
          {info && (
            <>
              <dt>{words.workspace}</dt>
              <dd class="mono">{safeLine(info.workspace)}</dd>
              <dt>{words.software}</dt>
              <dd>
                {safeLine(info.software)}, {safeLine(info.platform)}
              </dd>
              <dt>{words.assistant}</dt>
              <dd>{assistantText(info)}</dd>
            </>
          )}
        </dl>
        <h2>{words.may}</h2>
        <ul class="grants">
          {agent.capabilities.value.map((capability) => (
            <li key={capability}>
              <strong>{texts.capabilities[capability][0]}</strong>{' '}
              <span class="quiet">{texts.capabilities[capability][1]}</span>
            </li>
          ))}
        </ul>
        {denied.length > 0 && (
          <p class="quiet">
            {words.mayNot(denied.map((capability) => texts.capabilities[capability][0].toLowerCase()).join(', '))}
          </p>
        )}
        {agent.devices.value.length > 0 && (
          <>
            <h2>{words.devices}</h2>
            <ul class="grants devices">
              {agent.devices.value.map((device) => (
                <DeviceRow key={device.deviceId} device={device} />
              ))}
            </ul>
          </>
        )}
        <Alias agent={agent} />
        <Rename home={home} agent={agent} />
        <h2>{words.remove}</h2>
        <Remove home={home} agent={agent} />
      </div>
    </section>
  )
}
