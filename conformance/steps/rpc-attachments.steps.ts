// Steps about what goes with a prompt.

import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Given, Then, When } from '@cucumber/cucumber'
import { described } from '../assistants/player.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Caller, paramsOf, sceneOf, startAgent } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

interface Made {
  readonly kind: 'image' | 'text'
  readonly name: string
  readonly mediaType: string
  readonly bytes: Buffer
}

/** Every byte there is, behind the signature of a PNG. */
const IMAGE: Made = {
  kind: 'image',
  name: 'größer 🦊.png',
  mediaType: 'image/png',
  bytes: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...Array.from({ length: 256 }, (_, i) => i)]),
}
const TEXT: Made = {
  kind: 'text',
  name: 'notes.md',
  mediaType: 'text/markdown',
  bytes: Buffer.from('\ufeffé\u0000\u2028🦊\r\n"\\\n'),
}
const LARGE: Made = { kind: 'text', name: 'build.log', mediaType: 'text/plain', bytes: Buffer.alloc(40_000, 'line\n') }
const TORN: Made = { ...TEXT, bytes: Buffer.from('🦊').subarray(0, 3) }

const WITH: Readonly<Record<string, readonly Made[]>> = {
  'an image and a file of text': [IMAGE, TEXT],
  'an image': [IMAGE],
  'a file of text': [TEXT],
  'a file of 40,000 bytes': [LARGE],
  'a file that ends in the middle of a character': [TORN],
}

const given = new WeakMap<SuiteWorld, readonly Made[]>()
function attachmentsOf(world: SuiteWorld): readonly Made[] {
  const made = given.get(world)
  if (!made) throw new SuiteError('No step has attached anything')
  return made
}

const sent = ({ name, mediaType, bytes }: Made) => ({ name, mediaType, data: bytes.toString('base64url') })

Given('an agent under test, with an assistant that takes images and files of text', async function (this: SuiteWorld) {
  await startAgent(this, { takes: ['image', 'text'] })
})

async function prompt(world: SuiteWorld, caller: Caller, text: string, made: readonly Made[]): Promise<void> {
  given.set(world, made)
  await sceneOf(world).prompt(caller, text, { attachments: made.map(sent) })
}

for (const [words, made] of Object.entries(WITH)) {
  When(
    `{caller} gives the prompt {string} with ${words}`,
    async function (this: SuiteWorld, caller: Caller, text: string) {
      await prompt(this, caller, text, made)
    },
  )
}

Given(
  '{caller} has given the prompt {string} with a file of text',
  async function (this: SuiteWorld, caller: Caller, text: string) {
    await prompt(this, caller, text, [TEXT])
    await caller.result()
  },
)

When('{caller} sends the same request again, with another file', async function (this: SuiteWorld, caller: Caller) {
  const params = { ...caller.last.params, attachments: [sent({ ...TEXT, bytes: Buffer.from('another') })] }
  await caller.send({ ...caller.last, params })
})

for (const words of ['both, in that order', 'the file']) {
  Then(`the assistant has got the bytes of ${words}`, async function (this: SuiteWorld) {
    const { rpc } = sceneOf(this).caller('controller')
    const said = await rpc.event('claude.message', ({ role }) => role === 'assistant')
    const expected = attachmentsOf(this).map(described).join('; ')
    if (paramsOf(said).text !== expected)
      throw new Failed(`The assistant has got ${paramsOf(said).text}, given was ${expected}`)
  })
}

Then(
  '"claude.message" tells both controllers the name, the type, the size and the hash of each, and no bytes',
  async function (this: SuiteWorld) {
    const expected = attachmentsOf(this).map(({ name, mediaType, bytes }) => ({
      ...{ name, mediaType, size: bytes.length },
      sha256: createHash('sha256').update(bytes).digest('base64url'),
    }))
    for (const { name, rpc } of sceneOf(this).callers) {
      const { attachments } = paramsOf(await rpc.event('claude.message', ({ role }) => role === 'user'))
      if (!isDeepStrictEqual(attachments, expected))
        throw new Failed(`The ${name} is told ${JSON.stringify(attachments)}`)
    }
  },
)

Then('the journal has no bytes of them either', async function (this: SuiteWorld) {
  const { entries } = await sceneOf(this).caller('controller').rpc.call('journal.subscribe', {})
  const text = JSON.stringify(entries)
  for (const made of attachmentsOf(this)) {
    if (text.includes(made.bytes.toString('base64url'))) throw new Failed(`The journal has the bytes of "${made.name}"`)
    if (!text.includes(JSON.stringify(made.name))) throw new Failed(`The journal does not name "${made.name}"`)
  }
})

Then(
  '{caller} is answered with the error "unsupported" for the kind {string}',
  async function (this: SuiteWorld, caller: Caller, kind: string) {
    const { data } = await caller.refusal('unsupported')
    const named = (data as { kind?: unknown } | undefined)?.kind
    if (named !== kind) throw new Failed(`The error names the kind ${named}`)
  },
)
