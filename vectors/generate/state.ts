// state-image: import, export and the seal at rest.

import { STATE_FLAGS } from '@happy-remote/schemas/session.ts'
import { stateImage } from '../operations/state.ts'
import type { Construction } from './file.ts'
import { basic } from './flags.ts'
import { dhKeyOf } from './identity.ts'
import { secret } from './secret.ts'

const own = (name: string, size = 32) => secret('state-image', name, size)
const zeros = '00'.repeat(32)
const all = STATE_FLAGS.dhr | STATE_FLAGS.cks | STATE_FLAGS.ckr

/** A session in the middle of its life. */
const state = (skipped: number) => ({
  role: 1,
  suite: 1,
  generation: 41,
  sessionId: own('sid', 16),
  associatedData: own('ad'),
  headerSend: own('ht-a'),
  headerReceive: own('ht-c'),
  rootKey: own('rk'),
  dhPrivate: own('dhs'),
  dhPublic: dhKeyOf(own('dhs')),
  flags: all,
  dhRemote: dhKeyOf(own('dhr')),
  chainSend: own('cks'),
  chainReceive: own('ckr'),
  sent: 3,
  received: 300,
  baseSend: 17,
  baseReceive: 70_000,
  skipped: Array.from({ length: skipped }, (_, n) => ({
    dh: dhKeyOf(own('dhr')),
    n,
    messageKey: own(`mk/${n}`),
  })),
})

export const stateImageFile: Construction = {
  construction: 'state-image',
  header: [
    'State images, so that implementations can import each other. A refused image is put aside, not deleted.',
    'at-rest gives the AEAD output alone; a stored record has the nonce before it. The construction takes any record type, also one that the table of session.md does not have.',
  ],
  flags: {
    ...basic('session.state.layout'),
    Corrupt: { kind: 'structure', description: 'Does not decode.', requirement: 'session.state.corrupt' },
    AtRest: { kind: 'functional', description: 'A sealed record.', requirement: 'session.state.at-rest' },
  },
  operations: stateImage,
  async build(group) {
    const exporting = group('export')
    const importing = group('import')
    const cases: [name: string, comment: string, input: ReturnType<typeof state>][] = [
      ['middle', 'in the middle, no skipped keys', state(0)],
      ['skipped', 'three skipped keys', state(3)],
      ['full', '256 skipped keys, 17 752 bytes', state(256)],
      [
        'agent-start',
        'an agent that has received nothing',
        { ...state(0), flags: STATE_FLAGS.dhr | STATE_FLAGS.cks, chainReceive: zeros, received: 0, baseReceive: 0 },
      ],
      ['controller', 'a controller in suite 0x0002', { ...state(1), role: 2, suite: 2 }],
      ['external', 'DHs held outside', { ...state(0), flags: all | STATE_FLAGS.external, dhPrivate: zeros }],
      ['generation', 'generation 2^53 - 1', { ...state(0), generation: Number.MAX_SAFE_INTEGER }],
    ]
    const images: Record<string, string> = {}
    for (const [name, comment, input] of cases) {
      const { image } = (await exporting.valid(`export-${name}`, comment, 'Basic', input)) as { image: string }
      images[name] = image
      await importing.valid(`import-${name}`, comment, 'Basic', { image })
    }
    const image = images.skipped as string
    const at = (byte: number, value: string) => image.slice(0, 2 * byte) + value + image.slice(2 * byte + value.length)
    const changes: [name: string, mutation: string, image: string][] = [
      ['empty', 'no bytes', ''],
      ['magic', 'magic = HRS2', at(0, '48525332')],
      ['format', 'format = 2', at(4, '02')],
      ['role-0', 'role = 0', at(5, '00')],
      ['role-3', 'role = 3', at(5, '03')],
      ['reserved-flag', 'flags bit 4 set', at(224, '17')],
      ['reserved-byte', 'byte 227 = 1', at(227, '01')],
      ['reserved-last', 'byte 343 = 1', at(343, '01')],
      ['count-more', 'count = 4', at(340, '0004')],
      ['count-less', 'count = 2', at(340, '0002')],
      ['count-257', 'count = 257', at(340, '0101')],
      ['cut', 'the last byte is missing', image.slice(0, -2)],
      ['longer', 'one more byte', `${image}00`],
      ['generation', 'generation = 2^53', at(8, '0020000000000000')],
    ]
    for (const [name, mutation, changed] of changes) {
      await importing.invalid(name, mutation, 'Corrupt', {
        from: 'import-skipped',
        mutation,
        input: { image: changed },
        code: 'state-corrupt',
      })
    }
    const atRest = group('at-rest')
    for (const recordType of [0, 1, 255]) {
      await atRest.valid(`at-rest-${recordType}`, `record type ${recordType}`, 'AtRest', {
        key: own('kek'),
        nonce: own(`nonce/${recordType}`, 12),
        recordType,
        pairingId: own('pairing-id', 16),
        generation: 41,
        record: images.middle as string,
      })
    }
  },
}
