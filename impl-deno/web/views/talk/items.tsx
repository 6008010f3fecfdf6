// Each thing of a conversation as it is shown.

import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { safeLine, safeText } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import type { Entry, Item } from '../../state/conversation.ts'
import { texts } from '../../texts.ts'
import { Icon } from '../icon.tsx'
import { LongCode, visible } from './code-block.tsx'
import { Fold } from './fold.tsx'
import { LongText } from './long-text.tsx'
import { Markdown } from './markdown.tsx'
import { Prompt } from './prompts.tsx'
import { readable } from './readable.ts'
import { ReadableInput } from './readable-view.tsx'
import { outcomeText, whoIs } from './who.ts'

const words = texts.talk

function Words({ item }: { item: Extract<Item, { kind: 'words' }> }) {
  if (item.role === 'assistant') {
    // A screen reader says it when it is whole, as something new, and not letter by letter.
    return (
      <div key={String(item.isWhole)} aria-live={item.isWhole ? undefined : 'off'}>
        {item.lacksBeginning && <p class="quiet">{words.beginning}</p>}
        <Markdown text={item.text} />
      </div>
    )
  }
  if (item.role === 'other') return <p class="aside">{safeText(item.text) || words.raw}</p>
  return (
    <Fold
      summary={
        <>
          <Icon name="thought" />
          {item.isWhole ? words.thought : words.thinking}
        </>
      }
      content={() => (
        <>
          {item.lacksBeginning && <p class="quiet">{words.beginning}</p>}
          <LongText class="thought" text={item.text} />
        </>
      )}
    />
  )
}

function ToolContent({ input, output }: Pick<Extract<Item, { kind: 'tool' }>, 'input' | 'output'>) {
  const json = input === undefined || input === null ? '' : JSON.stringify(input, null, 2)
  return (
    <>
      {readable(input) ? (
        <ReadableInput input={input} />
      ) : (
        json !== '' && (
          <>
            <p class="label">{words.input}</p>
            <LongCode text={visible(json)} />
          </>
        )
      )}
      {output.trim() !== '' && (
        <>
          <p class="label">{words.output}</p>
          <LongCode text={safeText(output)} />
        </>
      )}
    </>
  )
}

function Tool({ item: { title, status, input, output } }: { item: Extract<Item, { kind: 'tool' }> }) {
  return (
    <Fold
      class={`tool ${status}`}
      summary={
        <>
          <Icon name="wrench" />
          <span class="tool-head">
            <span class="tool-title">{safeLine(title) || words.tool}</span>
            <span class={`status ${status}`}>{words.steps[status] ?? safeLine(status)}</span>
          </span>
        </>
      }
      content={() => <ToolContent input={input} output={output} />}
    />
  )
}

/** The name of the option that was chosen, for one may reach further than another. */
const optionOf = ({ request, resolution }: Extract<Item, { kind: 'permission' }>): string | undefined =>
  request.options.find(({ id }) => id === resolution?.option)?.name

/** One that waits is shown whole below. */
function Asked({ agent, item }: { agent: Agent; item: Extract<Item, { kind: 'permission' | 'question' }> }) {
  const { request, resolution } = item
  const isShownBelow = agent.waiting.value.some((one) => one.request.requestId === request.requestId)
  if (!resolution && isShownBelow) return null
  const chosen = item.kind === 'permission' ? optionOf(item) : undefined
  return (
    <p class="aside">
      <Icon name={item.kind === 'permission' ? 'shield' : 'question'} />
      <span>
        {safeLine(request.title)}
        {' · '}
        <strong>{resolution ? outcomeText(agent, resolution) : texts.ask.open}</strong>
        {chosen !== undefined && ` · ${safeLine(chosen)}`}
      </span>
    </p>
  )
}

type Told = Readonly<Record<string, (agent: Agent, body: never) => string>>

const TOLD: Told = {
  'claude.state': (_, { reason = '' }: EventParams<'claude.state'>) => safeLine(reason),
  'device.joined': (_, { name }: EventParams<'device.joined'>) => texts.events.joined(safeLine(name)),
  'device.changed': (_, { name, capabilities }: EventParams<'device.changed'>) =>
    texts.events.changed(
      safeLine(name),
      capabilities.map((one) => texts.capabilities[one][0].toLowerCase()).join(', '),
    ),
  'device.revoked': (agent, { deviceId }: EventParams<'device.revoked'>) =>
    texts.events.revoked(whoIs(agent, deviceId)),
  'session.paused': (agent, { by }: EventParams<'session.paused'>) => texts.events.paused(whoIs(agent, by)),
  'session.resumed': (agent, { by }: EventParams<'session.resumed'>) => texts.events.resumed(whoIs(agent, by)),
  'terminal.exited': (_, { exitCode }: EventParams<'terminal.exited'>) =>
    texts.events.exited(exitCode === null ? '' : ` (${exitCode})`),
  'journal.lost': (_, { count }: EventParams<'journal.lost'>) => texts.events.lost(count),
}

function eventText(agent: Agent, name: string, body: unknown): string {
  const told = Object.hasOwn(TOLD, name) ? TOLD[name] : undefined
  return told ? told(agent, body as never) : texts.events.unknown(safeLine(name).slice(0, 64))
}

function missedText({ missed }: Extract<Item, { kind: 'missed' }>): string {
  return missed.why === 'pruned' ? texts.missed.pruned(missed.to - missed.from) : texts.missed[missed.why]
}

export function EntryView({ agent, entry }: { agent: Agent; entry: Entry }) {
  const item = entry.item.value
  switch (item.kind) {
    case 'prompt':
      return <Prompt item={item} />
    case 'words':
      return <Words item={item} />
    case 'tool':
      return <Tool item={item} />
    case 'permission':
    case 'question':
      return <Asked agent={agent} item={item} />
    case 'event':
      return <p class="aside">{eventText(agent, item.name, item.body)}</p>
    case 'missed':
      return <p class="aside gap">{missedText(item)}</p>
  }
}
