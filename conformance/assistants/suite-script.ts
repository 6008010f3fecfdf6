// What the scripted assistant of the scenarios does: the prompt says it in words.

import { long, type Script, type Step } from './script.ts'

/** What can be asked about in JSON. */
export const STRANGE_INPUT = {
  'größer 🦊': '\u0000\u001f"\\/\u2028',
  numbers: [0, -1.5, 1e21, 1e-7, 9_007_199_254_740_991],
  nothing: null,
  '': { deeper: [[], {}, [true, false]] },
  html: '<b>&amp;</b>',
}
export const INPUT = { command: 'npm test', description: 'Run the tests' }
export const LONG_INPUT = { text: 'x'.repeat(100_000) }
export const DREAM = { sessionUpdate: 'dream', depth: 3, of: ['sheep'] }

const text = (words: string, more: { repeat?: number; size?: number; pause?: number } = {}): Step => ({
  do: 'text',
  text: words,
  ...more,
})
const thought = (words: string): Step => ({ do: 'thought', text: words })
const wait: Step = { do: 'wait' }

const ask = (call: string, input: unknown, more: { await?: boolean } = {}): Step => ({
  do: 'permission',
  call,
  title: 'Run the tests',
  tool: 'Bash',
  kind: 'execute',
  input,
  options: [
    { id: 'allow', name: 'Allow once', kind: 'allow_once' },
    { id: 'always', name: 'Allow in this conversation', kind: 'allow_always' },
    { id: 'deny', name: 'Deny', kind: 'reject_once' },
  ],
  on: { allow: [text('allowed')], always: [text('allowed')], deny: [text('denied')], cancelled: [text('cancelled')] },
  ...more,
})

/** What a question asks for: a field of each type, each with a limit that an answer can miss. */
export const FORM = {
  properties: {
    branch: { type: 'string', title: 'Branch', description: 'A new one', minLength: 2, maxLength: 8 },
    tries: { type: 'integer', minimum: 1, maximum: 5 },
    share: { type: 'number', maximum: 0.5, default: 0.25 },
    sure: { type: 'boolean' },
    size: { type: 'string', enum: ['small', 'large'] },
    parts: {
      type: 'array',
      minItems: 1,
      maxItems: 2,
      items: { anyOf: ['docs', 'tests', 'rest'].map((value) => ({ const: value, title: value.toUpperCase() })) },
    },
  },
  required: ['branch', 'size'],
}
const question = (message: string, more: { call?: string; await?: boolean } = {}): Step => ({
  do: 'question',
  message,
  schema: FORM,
  on: { accept: [text('{values}')], decline: [text('declined')], cancel: [text('cancelled')], error: [text('error')] },
  ...more,
})

const replies: Readonly<Record<string, Step[]>> = {
  'say hello': [text('Hello')],
  'think, then say hello': [thought('Let me think.'), text('Hello')],
  'say ten words': [text('0001 0002 0003 0004 0005 0006 0007 0008 0009 0010 ', { size: 5 })],
  'say ten words slowly': [text('0001 0002 0003 0004 0005 0006 0007 0008 0009 0010 ', { size: 5, pause: 20 })],
  // Of two kinds in turn: an agent may put pieces of one kind together before it sends them.
  'think and speak in turn a hundred times': Array.from({ length: 100 }, () => [thought('so '), text('word ')]).flat(),
  'say ten long sentences at once': [text('x', { repeat: 200_000, size: 20_000 })],
  'say five words after a second': [
    { do: 'wait', ms: 1_000 },
    text('one two 333 444 555 ', { size: 4, pause: 20 }),
    wait,
  ],
  'say five words and ask at once': [text('one two 333 444 555 ', { size: 4 }), ask('tests', INPUT)],
  // More than the time in which messages are kept for a batch lies between the pieces: each goes alone.
  'say five words slowly, and ask': [text('one two 333 444 555 ', { size: 4, pause: 80 }), ask('tests', INPUT)],
  'say 60,000 characters': [text('x', { repeat: 60_000 })],
  'say 100,000 characters': [text('x', { repeat: 100_000 })],
  // Six bytes each, as JSON writes them.
  'say 400,000 control characters': [text('\u0001', { repeat: 400_000 })],
  'say 1,000,000 characters, and ask': [text('x', { repeat: 1_000_000 }), ask('tests', INPUT)],
  'say 400,000 control characters, and ask': [text('\u0001', { repeat: 400_000 }), ask('tests', INPUT)],
  'use a tool that says 900,000 characters, and ask': [
    { do: 'tool', call: 'look', title: 'cat', kind: 'execute', status: 'pending' },
    { do: 'tool', call: 'look', status: 'completed', output: long('x', 900_000) },
    ask('tests', INPUT),
  ],
  'say the session': [text('{session}')],
  'say the attachments': [text('{attachments}')],
  'use a tool': [
    { do: 'tool', call: 'look', title: 'ls', kind: 'execute', status: 'pending', input: { command: 'ls' } },
    { do: 'tool', call: 'look', status: 'completed', output: 'README.md' },
    text('Done'),
  ],
  'send an update of the kind dream': [
    { do: 'unknown', kind: DREAM.sessionUpdate, fields: { depth: DREAM.depth, of: DREAM.of } },
    text('Hello'),
  ],
  ask: [ask('tests', INPUT)],
  'ask twice at once': [ask('first', { number: 1 }, { await: false }), ask('second', { number: 2 })],
  'ask with a strange input': [ask('strange', STRANGE_INPUT)],
  'ask with 100,000 characters of input': [ask('long', { text: long('x', 100_000) })],
  'ask with 1,000,000 characters of input': [ask('longest', { text: long('x', 1_000_000) })],
  'ask twice, with 600,000 characters of input each': [
    ask('first', { text: long('x', 600_000) }, { await: false }),
    ask('second', { text: long('y', 600_000) }),
  ],
  'ask a question of 1,000,000 characters': [question(long('x', 1_000_000))],
  'use a tool whose title has 1,100,000 characters': [
    { do: 'tool', call: 'long', title: long('x', 1_100_000), kind: 'execute', status: 'completed' },
    text('Done'),
  ],
  'ask, and take it back': [
    ask('tests', INPUT, { await: false }),
    { do: 'wait', ms: 100 },
    { do: 'withdraw', call: 'tests' },
  ],
  'ask, and crash': [ask('tests', INPUT, { await: false }), { do: 'wait', ms: 100 }, { do: 'crash', code: 3 }],
  'ask a question': [question('How shall the release be cut?')],
  'ask a question, and take it back': [
    question('Which one?', { call: 'which', await: false }),
    { do: 'wait', ms: 100 },
    { do: 'withdraw', call: 'which' },
  ],
  'ask a question, and crash': [
    question('Which one?', { await: false }),
    { do: 'wait', ms: 100 },
    { do: 'crash', code: 3 },
  ],
  wait: [wait],
  'wait, and hear no cancel': [{ do: 'ignoreCancel' }, { do: 'wait', ms: 60_000 }],
  fail: [{ do: 'fail', message: 'as the script says' }],
  crash: [{ do: 'crash', code: 3 }],
}

/** The script of one scenario. `log`: file to which prompts are added. */
export const suiteScript = (log: string, start?: Script['start']): Script => ({
  name: 'Scripted assistant',
  replies: Object.entries(replies).map(([prompt, steps]) => ({ when: `^${RegExp.escape(prompt)}$`, steps })),
  otherwise: [text('Heard')],
  log,
  ...(start && { start }),
})

/** Prompts to which this script has an answer of its own. */
export const PROMPTS = Object.keys(replies)
