// Plays the steps of a script, whatever the wire that the assistant speaks.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { inFull, type Step } from './script.ts'

/** Characters of a prompt that `{beginning}` stands for. */
const BEGINNING = 200

type Of<Do extends Step['do']> = Extract<Step, { do: Do }>

/** What a wire offers to the player. Each call resolves once its bytes are written, or its answer is there. */
export interface Stage {
  say(kind: 'text' | 'thought', text: string): Promise<void>
  tool(step: Of<'tool'>): Promise<void>
  /** Resolves to the option id that was chosen, or `cancelled`. */
  permission(step: Of<'permission'>): Promise<string>
  /** Takes back what `permission` or `question` asked. */
  withdraw(call: string): void
  /** Resolves to accept with the values, decline, cancel, or `error` where the client cannot ask. */
  question(step: Of<'question'>): Promise<{ readonly action: string; readonly values?: unknown }>
  unknown(step: Of<'unknown'>): Promise<void>
  mode(mode: string): Promise<void>
  /** Writes a raw line. */
  garbage(text: string): Promise<void>
}

export interface Attached {
  readonly kind: 'image' | 'text'
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** Kind, media type, number of bytes and their SHA-256, as the scripted assistants say them. */
export const described = ({ kind, mediaType, bytes }: Attached): string =>
  [kind, mediaType, bytes.length, createHash('sha256').update(bytes).digest('hex')].join(' ')

/** One prompt and what became of it. */
export interface Turn {
  readonly prompt: string
  /** The session in which it was given. */
  readonly session: string
  /** What went with it. */
  readonly attachments: readonly Attached[]
  /** Aborts when a cancel arrives. */
  readonly cancel: AbortSignal
}

/** Plays `steps`. Resolves to how the turn ended; throws Error where the script says that the prompt fails. */
export async function play(steps: readonly Step[], stage: Stage, turn: Turn): Promise<'end_turn' | 'cancelled'> {
  let deaf = false
  /** To the last question. */
  let values: unknown = null
  const stopped = () => turn.cancel.aborted && !deaf

  async function run(list: readonly Step[]): Promise<void> {
    for (const step of list) {
      if (stopped()) return
      await one(step)
    }
  }

  async function say(step: Of<'text' | 'thought'>): Promise<void> {
    const filled = step.text
      .replaceAll('{prompt}', () => turn.prompt)
      .replaceAll('{beginning}', () => beginning(turn.prompt))
      .replaceAll('{session}', () => turn.session)
      .replaceAll('{attachments}', () => turn.attachments.map(described).join('; '))
      .replaceAll('{values}', () => JSON.stringify(values))
    const text = filled.repeat(step.repeat ?? 1)
    for (const piece of pieces(text, step.size ?? text.length)) {
      if (stopped()) return
      await stage.say(step.do, piece)
      if (step.pause) await pause(step.pause)
    }
  }

  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, deaf ? {} : { signal: turn.cancel }).catch(() => undefined)

  async function one(step: Step): Promise<void> {
    switch (step.do) {
      case 'text':
      case 'thought':
        return say(step)
      case 'tool':
        return stage.tool(inFull(step))
      case 'permission': {
        const answer = stage.permission(inFull(step))
        if (step.await === false) {
          answer.catch(() => undefined)
          return
        }
        // Before `on` is looked at: where there is none, an optional member would not wait for what stands in it.
        const option = await answer
        return run(step.on?.[option] ?? [])
      }
      case 'withdraw':
        stage.withdraw(step.call)
        return
      case 'question': {
        const answer = stage.question(inFull(step))
        if (step.await === false) {
          answer.catch(() => undefined)
          return
        }
        const { action, ...given } = await answer
        values = given.values ?? null
        return run(step.on?.[action] ?? [])
      }
      case 'wait':
        return step.ms === undefined ? aborted(turn.cancel) : pause(step.ms)
      case 'crash':
        return process.exit(step.code)
      case 'ignoreCancel':
        deaf = true
        return
      case 'unknown':
        return stage.unknown(step)
      case 'huge':
        return stage.say('text', 'x'.repeat(step.bytes))
      case 'garbage':
        return stage.garbage(step.text)
      case 'stderr':
        return written(process.stderr, `${step.text}\n`)
      case 'mode':
        return stage.mode(step.mode)
      case 'fail':
        throw new Error(step.message)
      case 'child': {
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' })
        return stage.say('text', `child ${child.pid}`)
      }
    }
  }

  await run(steps)
  return stopped() ? 'cancelled' : 'end_turn'
}

function* pieces(text: string, size: number): Generator<string> {
  const characters = [...text]
  for (let at = 0; at < characters.length; at += size) yield characters.slice(at, at + size).join('')
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Writes and resolves once the bytes have left, so that a crash that follows loses none. */
export function written(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())))
}

/** Of a prompt; who says all of a long one again, piece by piece, is not done for minutes. */
function beginning(prompt: string): string {
  const characters = [...prompt]
  return characters.length > BEGINNING ? `${characters.slice(0, BEGINNING).join('')}…` : prompt
}
