// The sub-commands of `control`: their options, how many words they take, and what they do.

import { EXIT_FAILED, EXIT_OK, UsageError } from '../command.ts'
import type { readOptions } from '../options.ts'
import { STATE_OPTIONS } from '../options.ts'
import { Lines, readAll } from '../stdin.ts'
import { answerQuestion } from './answer.ts'
import { approve } from './approve.ts'
import { grant, rename } from './change.ts'
import { checkOpen, conversations, open } from './conversations.ts'
import { cat, get, ls, put } from './files.ts'
import { checkGit, git } from './git.ts'
import { history } from './history.ts'
import { pause, resume } from './pause.ts'
import { type OnQuestion, prompt } from './prompt.ts'
import { queueOn } from './queue.ts'
import { sendTheRest } from './queue-sending.ts'
import { devices, info, status, terms } from './reads.ts'
import { revoke } from './revoke.ts'
import type { Subject } from './subject.ts'
import { term } from './term.ts'

export const OPTIONS = {
  ...STATE_OPTIONS,
  device: { type: 'string' },
  timeout: { type: 'string' },
  'keep-sessions': { type: 'boolean' },
  'no-wait': { type: 'boolean' },
  queue: { type: 'boolean' },
  allow: { type: 'boolean' },
  deny: { type: 'boolean' },
  'on-question': { type: 'string' },
  option: { type: 'string' },
  to: { type: 'string' },
  decline: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  all: { type: 'boolean' },
  cwd: { type: 'string' },
  attach: { type: 'string' },
  local: { type: 'boolean' },
  new: { type: 'boolean' },
  staged: { type: 'boolean' },
  limit: { type: 'string' },
  after: { type: 'string' },
  message: { type: 'string', short: 'm' },
  remote: { type: 'string' },
  branch: { type: 'string' },
  force: { type: 'boolean' },
} as const

export type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values']
export type Run = (subject: Subject, values: Values, rest: readonly string[]) => Promise<number>

export interface SubCommand {
  /** Options beside those of every sub-command. */
  readonly options: readonly (keyof Values)[]
  /** How many positionals it takes. */
  readonly most: number
  readonly run: Run
}

const plain = (run: (subject: Subject) => Promise<number>): SubCommand => ({ options: [], most: 0, run })

export const SUB_COMMANDS: Readonly<Record<string, SubCommand>> = {
  status: plain(status),
  prompt: {
    options: ['attach', 'no-wait', 'queue', 'allow', 'deny', 'on-question'],
    most: Number.POSITIVE_INFINITY,
    async run(subject, values, rest) {
      // What was given before goes before.
      await sendTheRest(subject)
      const isInput = rest.length === 1 && rest[0] === '-'
      const text = isInput ? await readAll() : rest.join(' ')
      const lines = isInput ? undefined : new Lines()
      return prompt(subject, {
        text,
        attach: values.attach,
        noWait: values['no-wait'] ?? false,
        onQuestion: onQuestion(values),
        lines,
      })
    },
  },
  queue: {
    options: [],
    most: Number.POSITIVE_INFINITY,
    run: async (subject, _, words) => {
      const exit = await queueOn(
        { ...subject, queue: subject.controller.queue, name: subject.controller.record.peerName },
        words,
      )
      subject.controller.sendQueue()
      return exit
    },
  },
  approve: {
    options: ['option', 'deny', 'yes'],
    most: 1,
    run: (subject, { option, deny, yes }, [request]) => approve(subject, { request, option, deny, yes }, new Lines()),
  },
  answer: {
    options: ['to', 'decline'],
    most: Number.POSITIVE_INFINITY,
    run: (subject, { to, decline }, words) => answerQuestion(subject, { to, decline }, words),
  },
  cancel: {
    options: ['all'],
    most: 0,
    async run({ controller, say }, { all }) {
      const { success } = await controller.call('claude.cancel', { scope: all ? 'turn-and-queue' : 'turn' })
      say('cancelled', { success }, success ? 'Stopped' : 'There was nothing to stop')
      return success ? EXIT_OK : EXIT_FAILED
    },
  },
  conversations: { options: ['limit'], most: 0, run: (subject, { limit }) => conversations(subject, limit) },
  open: { options: ['new'], most: 1, run: (subject, _, [beginning]) => open(subject, beginning) },
  pause: plain(pause),
  resume: plain(resume),
  term: {
    options: ['cwd', 'attach'],
    most: Number.POSITIVE_INFINITY,
    run: (subject, { cwd, attach }, command) => term(subject, { command, cwd, attach }),
  },
  terms: plain(terms),
  git: {
    options: ['staged', 'limit', 'after', 'message', 'remote', 'branch'],
    most: Number.POSITIVE_INFINITY,
    run: (subject, values, words) => git(subject, values, words),
  },
  ls: { options: [], most: 1, run: (subject, _, [folder]) => ls(subject, folder) },
  cat: { options: [], most: 1, run: (subject, _, [path]) => cat(subject, path) },
  get: {
    options: ['force'],
    most: 2,
    run: (subject, { force = false }, [path, file]) => get(subject, path, file, force),
  },
  put: {
    options: ['force'],
    most: 2,
    run: (subject, { force = false }, [file, path]) => put(subject, file, path, force),
  },
  history: { options: ['limit'], most: 0, run: (subject, { limit }) => history(subject, limit) },
  devices: plain(devices),
  info: plain(info),
  rename: { options: [], most: 2, run: (subject, _, words) => rename(subject, words) },
  grant: { options: [], most: 2, run: (subject, _, words) => grant(subject, words) },
  revoke: {
    options: ['yes', 'local'],
    most: 1,
    run: (subject, { yes = false }, [wanted]) => revoke(subject, wanted, yes, new Lines()),
  },
}

export const COMMON = [...Object.keys(STATE_OPTIONS), 'device', 'timeout', 'keep-sessions']

/** Throws UsageError. */
function onQuestion({ allow, deny, 'on-question': what }: Values): OnQuestion {
  const given = [allow && 'allow', deny && 'deny', what].filter((one) => one !== undefined && one !== false)
  if (given.length > 1) throw new UsageError('Give one of --allow, --deny and --on-question')
  if (what !== undefined && what !== 'wait' && what !== 'deny' && what !== 'leave') {
    throw new UsageError('--on-question is one of wait, deny, leave')
  }
  return (given[0] as OnQuestion | undefined) ?? 'ask'
}

/** Throws UsageError. */
export function check(
  name: string,
  { options, most }: Pick<SubCommand, 'options' | 'most'>,
  values: Values,
  rest: readonly string[],
): void {
  const known = [...COMMON, ...options]
  const foreign = Object.keys(values).find((option) => !known.includes(option))
  if (foreign !== undefined) throw new UsageError(`${name} has no option --${foreign}`)
  if (rest.length > most) throw new UsageError(`${name} does not take "${rest.slice(most).join(' ')}"`)
  if (name === 'git') checkGit(rest, values)
  if (name === 'open') checkOpen(rest, values.new ?? false)
  if (name === 'prompt') {
    if (values.queue && values.attach !== undefined) throw new UsageError('With --queue nothing can be attached')
    if (onQuestion(values) !== 'ask' && values.queue) {
      throw new UsageError('With --queue nobody is here when the assistant asks')
    }
    if (rest.join(' ').trim() === '') throw new UsageError('The prompt is missing; give it, or - for standard input')
  }
}
