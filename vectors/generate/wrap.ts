// wrap, hs-error, rekey-ask: sealed handshake frames.

import { errors } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES, HsErrorBody, REKEY_REASONS, RekeyAskBody } from '@happy-remote/schemas/pairing.ts'
import { noble } from '../backend/noble.ts'
import { hsError, rekeyAsk } from '../operations/notice.ts'
import { wrap } from '../operations/pairing.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { referenceTo } from '../protocol/notice.ts'
import { seal, wrapHeader } from '../protocol/wrap.ts'
import type { Construction, GroupBuilder, RejectCode } from './file.ts'
import { basic, length } from './flags.ts'
import { flip } from './forge.ts'
import { secret } from './secret.ts'

const wrapFlags = {
  ...basic('pairing.wrap.key'),
  ...length('pairing.wrap.length'),
  Wrap: { kind: 'auth-bypass', description: 'Does not open.', requirement: 'pairing.wrap.open' },
  Version: { kind: 'structure', description: 'Another version.', requirement: 'pairing.wrap.version' },
  Type: { kind: 'structure', description: 'A type that is not expected.', requirement: 'pairing.wrap.type' },
} as const

/** The refusals of every sealed frame. */
async function frameCases(group: GroupBuilder, from: string, frame: string, wrongSecret: object): Promise<void> {
  const refuse = (name: string, flag: string, mutation: string, input: object, code: RejectCode) =>
    group.invalid(`${from}-${name}`, mutation, flag, { from, mutation, input: { ...input }, code })
  const framed = (bytes: string) => ({ frame: bytes })
  await refuse('version-0', 'Version', 'version = 0', framed(`00${frame.slice(2)}`), 'version')
  await refuse('version-2', 'Version', 'version = 2', framed(`02${frame.slice(2)}`), 'version')
  await refuse('type', 'Type', 'type = 0x09', framed(`${frame.slice(0, 2)}09${frame.slice(4)}`), 'type')
  await refuse('suite-high', 'Wrap', 'flip suite[0] bit 0', framed(flip(frame, 2)), 'decrypt')
  await refuse('suite-low', 'Wrap', 'flip suite[1] bit 1', framed(flip(frame, 3, 1)), 'decrypt')
  await refuse('salt-first', 'Wrap', 'flip salt[0] bit 0', framed(flip(frame, 4)), 'decrypt')
  await refuse('salt-last', 'Wrap', 'flip salt[31] bit 7', framed(flip(frame, 35, 7)), 'decrypt')
  await refuse('body', 'Wrap', 'flip frame[36] bit 0', framed(flip(frame, 36)), 'decrypt')
  await refuse('tag', 'Wrap', 'flip frame[-1] bit 0', framed(flip(frame, -1)), 'decrypt')
  await refuse('secret', 'Wrap', 'another secret', wrongSecret, 'decrypt')
  await refuse('cut', 'Wrap', 'the last byte is missing', framed(frame.slice(0, -2)), 'decrypt')
  for (const size of [0, 1, 4, 36, 51]) {
    await refuse(`length-${size}`, 'WrongLength', `${size} bytes`, framed(frame.slice(0, 2 * size)), 'length')
  }
}

export const wrapFile: Construction = {
  construction: 'wrap',
  header: [
    'Sealed handshake frames. `secret` is PS (16 bytes) in a pairing and PPK (32 bytes) otherwise.',
    '`types` are the types that the receiver expects at this moment.',
  ],
  flags: wrapFlags,
  operations: wrap,
  async build(group) {
    const sealing = group('seal')
    const opening = group('open')
    const frames: Record<string, string> = {}
    const bodies = { M1: 318, M2: 300, M3: 128, R1: 318, R2: 300, R3: 128, REKEY_ASK: 16, HS_ERROR: 16 }
    for (const [name, type] of Object.entries(HANDSHAKE_TYPES)) {
      const key = secret('wrap', 'secret', type <= 3 ? 16 : 32)
      const body = secret('wrap', `${name}/body`, bodies[name as keyof typeof bodies])
      const input = { type, suite: 1, secret: key, salt: secret('wrap', `${name}/salt`), body }
      const { frame } = (await sealing.valid(`seal-${name}`, `a body as long as that of ${name}`, 'Basic', input)) as {
        frame: string
      }
      frames[name] = frame
    }
    const held = { secret: secret('wrap', 'secret', 16), types: [1], frame: frames.M1 as string }
    await opening.valid('open-M1', 'opened', 'Basic', held)
    const asked = { secret: secret('wrap', 'secret'), types: [7, 15], frame: frames.REKEY_ASK as string }
    await opening.valid('open-REKEY_ASK', 'opened', 'Basic', asked)
    await frameCases(opening, 'open-M1', frames.M1 as string, { secret: secret('wrap', 'other', 16) })
    const header = wrapHeader(HANDSHAKE_TYPES.M1, 1, unhex(secret('wrap', 'long/salt')))
    const long = await seal(noble, unhex(held.secret), header, unhex(secret('wrap', 'long/body', 2_033)))
    await opening.invalid('open-M1-length-2085', '2 085 bytes', 'WrongLength', {
      from: 'open-M1',
      mutation: '2 085 bytes, sealed again',
      input: { frame: hex(long.frame) },
      code: 'length',
    })
    await opening.invalid('open-M2-expected', 'an M1 where M2 is expected', 'Type', {
      from: 'open-M1',
      mutation: 'types = [2]',
      input: { types: [2] },
      code: 'type',
    })
  },
}

export const hsErrorFile: Construction = {
  construction: 'hs-error',
  header: [
    'HS_ERROR. `answered` is the whole handshake frame that it answers, without the 33 bytes of the routed frame.',
    '`outstanding` are the frames that the receiver has sent and still waits for; the output names one by index.',
  ],
  flags: {
    ...wrapFlags,
    Basic: {
      kind: 'functional',
      description: 'An error of the registry.',
      requirement: 'pairing.hs-error.reference',
    },
    Unknown: { kind: 'functional', description: 'An unknown code.', requirement: 'pairing.hs-error.unknown' },
    OtherFrame: {
      kind: 'order',
      description: 'Names no outstanding frame.',
      requirement: 'pairing.hs-error.outstanding',
    },
  },
  operations: hsError,
  async build(group) {
    const key = secret('hs-error', 'ps', 16)
    const m1 = async (name: string) => {
      const header = wrapHeader(HANDSHAKE_TYPES.M1, 1, unhex(secret('hs-error', `${name}/salt`)))
      return hex((await seal(noble, unhex(key), header, unhex(secret('hs-error', `${name}/body`, 318)))).frame)
    }
    const answered = await m1('m1')
    const other = await m1('other-m1')
    const shared = { suite: 1, secret: key, salt: secret('hs-error', 'salt') }
    const sealing = group('seal')
    const frames: Record<string, string> = {}
    for (const [name, entry] of Object.entries(errors)) {
      if (!('handshake' in entry)) continue
      const input = { ...shared, code: entry.handshake, answered }
      const { frame } = (await sealing.valid(`seal-${name}`, name, 'Basic', input)) as { frame: string }
      frames[name] = frame
    }
    const receive = group('receive')
    for (const [name, frame] of Object.entries(frames)) {
      await receive.valid(name, name, 'Basic', { secret: key, outstanding: [other, answered], frame })
    }
    const reference = await referenceTo(noble, unhex(answered))
    const framed = async (body: Uint8Array) => {
      const header = wrapHeader(HANDSHAKE_TYPES.HS_ERROR, 1, unhex(shared.salt))
      return hex((await seal(noble, unhex(key), header, body)).frame)
    }
    const unknown = await framed(HsErrorBody.encode({ code: 0x7f, reference }))
    await receive.valid('unknown-code', 'code 0x7f', 'Unknown', {
      secret: key,
      outstanding: [answered],
      frame: unknown,
    })
    await receive.invalid('other-frame', 'names a frame of another run', 'OtherFrame', {
      from: 'pair-busy',
      mutation: 'outstanding = another frame',
      input: { outstanding: [other] },
      code: 'ignored',
    })
    await receive.invalid('nothing-outstanding', 'nothing is outstanding', 'OtherFrame', {
      from: 'pair-busy',
      mutation: 'outstanding = []',
      input: { outstanding: [] },
      code: 'ignored',
    })
    await receive.invalid('body-17', 'one byte too long', 'WrongLength', {
      from: 'pair-busy',
      mutation: 'body of 17 bytes; sealed again',
      input: { frame: await framed(new Uint8Array(17)) },
      code: 'length',
    })
    await frameCases(receive, 'pair-busy', frames['pair-busy'] as string, { secret: secret('hs-error', 'other', 16) })
  },
}

export const rekeyAskFile: Construction = {
  construction: 'rekey-ask',
  header: ['REKEY_ASK. `seenSalts` are those of the REKEY_ASKs that this process has honoured.'],
  flags: {
    ...wrapFlags,
    Basic: { kind: 'functional', description: 'A reason of the list.', requirement: 'pairing.rekey-ask.body' },
    Unknown: {
      kind: 'functional',
      description: 'An unknown reason counts as 1.',
      requirement: 'pairing.rekey-ask.reason',
    },
    Replay: { kind: 'order', description: 'A salt that was honoured.', requirement: 'pairing.rekey-ask.once' },
    NotZero: {
      kind: 'structure',
      description: 'One of the 15 zero bytes is not zero.',
      requirement: 'pairing.rekey-ask.body',
    },
  },
  operations: rekeyAsk,
  async build(group) {
    const ppk = secret('rekey-ask', 'ppk')
    const salt = secret('rekey-ask', 'salt')
    const sealing = group('seal')
    const receive = group('receive')
    const frames: Record<string, string> = {}
    for (const [name, reason] of Object.entries(REKEY_REASONS)) {
      const input = { suite: 1, ppk, salt, reason }
      const { frame } = (await sealing.valid(`seal-${name}`, name, 'Basic', input)) as { frame: string }
      frames[name] = frame
    }
    const seenSalts = [secret('rekey-ask', 'earlier')]
    for (const [name, frame] of Object.entries(frames)) {
      await receive.valid(name, name, 'Basic', { ppk, seenSalts, frame })
    }
    const framed = async (body: Uint8Array) => {
      const header = wrapHeader(HANDSHAKE_TYPES.REKEY_ASK, 1, unhex(salt))
      return hex((await seal(noble, unhex(ppk), header, body)).frame)
    }
    for (const reason of [0, 7, 255]) {
      const frame = await framed(RekeyAskBody.encode({ reason }))
      await receive.valid(`reason-${reason}`, `reason ${reason}`, 'Unknown', { ppk, seenSalts, frame })
    }
    const from = 'no-session'
    await receive.invalid('replay', 'the same frame again', 'Replay', {
      from,
      mutation: 'seenSalts + its salt',
      input: { seenSalts: [...seenSalts, salt] },
      code: 'replay',
    })
    const dirty = RekeyAskBody.encode({ reason: 1 })
    dirty[15] = 1
    await receive.invalid('not-zero', 'body[15] = 1; sealed again', 'NotZero', {
      from,
      mutation: 'body[15] = 1; sealed again',
      input: { frame: await framed(dirty) },
      code: 'type',
    })
    for (const size of [15, 17]) {
      await receive.invalid(`body-${size}`, `body of ${size} bytes; sealed again`, 'WrongLength', {
        from,
        mutation: `body of ${size} bytes; sealed again`,
        input: { frame: await framed(new Uint8Array(size).fill(1, 0, 1)) },
        code: 'length',
      })
    }
    await frameCases(receive, from, frames['no-session'] as string, { ppk: secret('rekey-ask', 'other') })
  },
}
