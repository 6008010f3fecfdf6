// transcript, schedule-pair, schedule-rekey, confirm, sas, sas-commit.

import { SUITES } from '@happy-remote/schemas/constants.ts'
import { noble } from '../backend/noble.ts'
import { confirm, sas, sasCommit } from '../operations/pairing.ts'
import { schedulePair, scheduleRekey, transcript } from '../operations/schedule.ts'
import { unhex } from '../protocol/bytes.ts'
import { digits } from '../protocol/schedule.ts'
import type { Construction } from './file.ts'
import { basic } from './flags.ts'
import { flip } from './forge.ts'
import { agentOf, controllerOf, kemCiphertextFor } from './people.ts'
import { payloadHex } from './qr.ts'
import { secret } from './secret.ts'

export const transcriptFile: Construction = {
  construction: 'transcript',
  header: [
    'The transcript hash. mode is 1 in a pairing and 2 in a rekey; ctx and the bodies are any bytes here.',
    'A case that differs in one field from another must have another hash.',
  ],
  flags: {
    ...basic('pairing.transcript.hash'),
    Context: {
      kind: 'functional',
      description: 'A rekey: ctx is the pairingId.',
      requirement: 'pairing.transcript.ctx',
    },
  },
  operations: transcript,
  async build(group) {
    const { valid } = group('hash')
    const sizes = { 1: [318, 204], 2: [1502, 1292] } as const
    for (const suite of SUITES) {
      const [m1, m2] = sizes[suite]
      const bodies = { m1Body: secret('transcript', 'm1', m1), m2Part: secret('transcript', 'm2', m2) }
      const pairing = { suite, mode: 1, ctx: secret('transcript', 'ctx', 73), ...bodies }
      await valid(`pairing-s${suite}`, `pairing, suite ${suite}`, 'Basic', pairing)
      const rekey = { suite, mode: 2, ctx: secret('transcript', 'pairing-id', 16), ...bodies }
      await valid(`rekey-s${suite}`, `rekey, suite ${suite}`, 'Context', rekey)
    }
    // The same concatenation, cut elsewhere: only the length prefixes tell them apart.
    const [a, b] = [secret('transcript', 'm1', 8), secret('transcript', 'm2', 8)]
    await valid('cut-1', 'short fields', 'Basic', { suite: 1, mode: 2, ctx: '', m1Body: a, m2Part: b })
    await valid('cut-2', 'the same bytes in other fields', 'Basic', {
      suite: 1,
      mode: 2,
      ctx: '',
      m1Body: a + b,
      m2Part: '',
    })
  },
}

const shares = (file: string, suite: 1 | 2) => {
  const { dhPrivate, spkPrivate, opkPrivate, kemSeed } = controllerOf(file, suite)
  const agent = agentOf(file)
  return {
    suite,
    th: secret(file, 'th'),
    agent: { dhPrivate: agent.dhPrivate, ephemeralPrivate: agent.ephemeralPrivate },
    controller: { dhPrivate, spkPrivate, opkPrivate },
    kemSeed,
    kemCiphertext: kemCiphertextFor(file, kemSeed),
  }
}

const scheduleFlags = {
  ...basic('pairing.schedule.output'),
  PostQuantum: {
    kind: 'functional',
    description: 'Suite 0x0002: SS ends the IKM.',
    requirement: 'pairing.schedule.dh',
  },
} as const

export const schedulePairFile: Construction = {
  construction: 'schedule-pair',
  header: [
    'The key schedule of a pairing. PS stands in bytes 39 to 54 of qrPayload; ctx is the payload without it.',
    'th is any hash here. Both sides compute DH1 to DH4 from their own private keys.',
  ],
  flags: {
    ...scheduleFlags,
    OtherSecret: {
      kind: 'functional',
      description: 'The same keys under another PS: everything differs.',
      requirement: 'pairing.schedule.psk',
    },
  },
  operations: schedulePair,
  async build(group) {
    const { valid } = group('keys')
    for (const suite of SUITES) {
      const input = { ...shares('schedule-pair', suite), qrPayload: payloadHex('relay.example.com', 3) }
      await valid(`pair-s${suite}`, `suite ${suite}`, suite === 1 ? 'Basic' : 'PostQuantum', input)
      await valid(`pair-s${suite}-other-ps`, 'one bit of PS differs', 'OtherSecret', {
        ...input,
        qrPayload: flip(input.qrPayload, 39),
      })
    }
  },
}

export const scheduleRekeyFile: Construction = {
  construction: 'schedule-rekey',
  header: [
    'The key schedule of a rekey, under PPK. The 32 bytes where a pairing has PPK are discarded, so it is no output.',
  ],
  flags: {
    ...scheduleFlags,
    Discard: {
      kind: 'functional',
      description: 'The bytes at PPK are not used.',
      requirement: 'pairing.schedule.ppk',
    },
  },
  operations: scheduleRekey,
  async build(group) {
    const { valid } = group('keys')
    for (const suite of SUITES) {
      const input = { ...shares('schedule-rekey', suite), ppk: secret('schedule-rekey', 'ppk') }
      await valid(
        `rekey-s${suite}`,
        `suite ${suite}`,
        suite === 1 ? ['Basic', 'Discard'] : ['PostQuantum', 'Discard'],
        input,
      )
    }
  },
}

export const confirmFile: Construction = {
  construction: 'confirm',
  header: ['Key confirmations. kc is KC_A for the agent and KC_C for the controller.'],
  flags: {
    ...basic('pairing.confirm.mac'),
    Flipped: {
      kind: 'auth-bypass',
      description: 'The confirmation does not match.',
      requirement: 'pairing.m2.confirm',
    },
  },
  operations: confirm,
  async build(group) {
    const mac = group('mac')
    const check = group('check')
    for (const side of ['agent', 'controller']) {
      const input = {
        kc: secret('confirm', `${side}/kc`),
        th: secret('confirm', 'th'),
        signature: secret('confirm', `${side}/signature`, 64),
      }
      const { confirmation } = (await mac.valid(`mac-${side}`, `of the ${side}`, 'Basic', input)) as {
        confirmation: string
      }
      const from = `check-${side}`
      await check.valid(from, `of the ${side}`, 'Basic', { ...input, confirmation })
      const refuse = (name: string, mutation: string, changed: object) =>
        check.invalid(`${from}-${name}`, mutation, 'Flipped', {
          from,
          mutation,
          input: { ...changed },
          code: 'confirm',
        })
      await refuse('flipped', 'flip confirmation[0] bit 0', { confirmation: flip(confirmation, 0) })
      await refuse('flipped-last', 'flip confirmation[31] bit 7', { confirmation: flip(confirmation, 31, 7) })
      await refuse('signature', 'flip signature[63] bit 0', { signature: flip(input.signature, 63) })
      await refuse('transcript', 'flip th[0] bit 0', { th: flip(input.th, 0) })
      await refuse('key', 'the key of the other side', { kc: secret('confirm', 'other/kc') })
    }
  },
}

/** The first label number whose digits fit. */
async function nonceFor(fits: (digits: string) => boolean): Promise<string> {
  for (let i = 0; ; i++) {
    const nonce = secret('sas', `nonce/${i}`)
    const result = await digits(noble, unhex(secret('sas', 'sask')), unhex(secret('sas', 'th')), unhex(nonce))
    if (fits(result.digits)) return nonce
  }
}

export const sasFile: Construction = {
  construction: 'sas',
  header: ['The six digits. `shown` is how they are displayed. Nonces were searched for their leading zeros.'],
  flags: {
    ...basic('pairing.sas.digits'),
    LeadingZeros: { kind: 'functional', description: 'Zeros in front are shown.', requirement: 'pairing.sas.digits' },
  },
  operations: sas,
  async build(group) {
    const { valid } = group('digits')
    const input = { sask: secret('sas', 'sask'), th: secret('sas', 'th') }
    for (let i = 0; i < 4; i++) {
      await valid(`plain-${i}`, 'any digits', 'Basic', { ...input, sasNonce: secret('sas', `plain/${i}`) })
    }
    for (const zeros of [1, 2, 3, 4]) {
      const sasNonce = await nonceFor((text) => text.startsWith('0'.repeat(zeros)) && text[zeros] !== '0')
      await valid(`zeros-${zeros}`, `${zeros} leading zeros`, 'LeadingZeros', { ...input, sasNonce })
    }
  },
}

export const sasCommitFile: Construction = {
  construction: 'sas-commit',
  header: ['The commitment of M1, opened in M3.'],
  flags: {
    ...basic('pairing.sas.commit'),
    Commitment: {
      kind: 'auth-bypass',
      description: 'The nonce does not open the commitment.',
      requirement: 'pairing.m3.commitment',
    },
  },
  operations: sasCommit,
  async build(group) {
    const commit = group('commit')
    const sasNonce = secret('sas-commit', 'nonce')
    const made = (await commit.valid('commit', 'any nonce', 'Basic', { sasNonce })) as { sasCommit: string }
    await commit.valid('commit-zero', 'a nonce of zeros', 'Basic', { sasNonce: '00'.repeat(32) })
    const open = group('open')
    await open.valid('open', 'opened', 'Basic', { ...made, sasNonce })
    const refuse = (name: string, mutation: string, input: object) =>
      open.invalid(name, mutation, 'Commitment', { from: 'open', mutation, input: { ...input }, code: 'confirm' })
    await refuse('nonce', 'flip sasNonce[0] bit 0', { sasNonce: flip(sasNonce, 0) })
    await refuse('commitment', 'flip sasCommit[31] bit 0', { sasCommit: flip(made.sasCommit, 31) })
    await refuse('equal', 'sasCommit = sasNonce', { sasCommit: sasNonce })
  },
}
