// What there is to know of a computer, and the end of its pairing.

import { CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { useEffect, useId, useState } from 'preact/hooks'
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

interface NameFormProps {
  readonly label: string
  readonly about?: string
  readonly name: string
  readonly placeholder?: string
  readonly button: string
  /** Whether what is typed can be saved now. */
  readonly canSave: (typed: string) => boolean
  readonly save: (typed: string) => Promise<void>
  readonly failed: (why: string) => string
}

function NameForm({ label, about, name, placeholder = '', button, canSave, save, failed }: NameFormProps) {
  const id = useId()
  const [typed, setTyped] = useState(name)
  const [trouble, setTrouble] = useState<string>()
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        setTrouble(undefined)
        save(typed).catch((error) => setTrouble(failed(errorText(error))))
      }}
    >
      <label class="field">
        {label}
        <input
          type="text"
          value={typed}
          maxLength={64}
          placeholder={placeholder}
          aria-describedby={about === undefined ? undefined : id}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </label>
      {about !== undefined && (
        <p id={id} class="quiet">
          {about}
        </p>
      )}
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <button type="submit" class="button" disabled={!canSave(typed)}>
        {button}
      </button>
    </form>
  )
}

function Rename({ home, agent }: Own) {
  const save = async (typed: string) => {
    const fitting = fittingName(typed)
    const self = agent.devices.value.find((device) => device.self)
    if (self) await agent.controller.call('device.rename', { deviceId: self.deviceId, name: fitting })
    keepDeviceName(fitting)
    home.name.value = fitting
    await agent.readInfo()
  }
  const canSave = () => agent.presence.value.online
  const own = { label: words.rename, button: texts.save, failed: (why: string) => why }
  return <NameForm name={home.name.value} save={save} canSave={canSave} {...own} />
}

function Alias({ agent }: Pick<Own, 'agent'>) {
  const name = safeLine(agent.name.value)
  const own = { label: words.alias, about: words.aliasAbout(name), button: words.aliasSave, failed: words.notKept }
  return (
    <NameForm
      name={agent.alias.value}
      placeholder={name}
      save={(typed) => agent.rename(typed.trim())}
      canSave={(typed) => typed.trim() !== agent.alias.value}
      {...own}
    />
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
