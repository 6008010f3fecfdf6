// M2 and R2 as the controller receives them.

import { label, SUITE_MLKEM } from '@happy-remote/schemas/constants.ts'
import { M2Body } from '@happy-remote/schemas/pairing.ts'
import { noble } from '../backend/noble.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { confirmation } from '../protocol/schedule.ts'
import { badKeys } from './bad-keys.ts'
import type { GroupBuilder, RejectCode } from './file.ts'
import { forgeries } from './forge.ts'
import { FILE, headerCases, type Played, sealed } from './handshake-played.ts'
import { signedCert } from './identity.ts'
import { agentOf, kemCiphertextFor } from './people.ts'
import { secret } from './secret.ts'

/** What differs between a pairing and a rekey in the judgement of an M2 or R2. */
export interface AnswerCase {
  readonly name: string
  readonly type: number
  readonly input: Record<string, unknown>
  readonly wrongSecret: object
}

export async function answerCases(group: GroupBuilder, played: Played, at: AnswerCase): Promise<void> {
  const { suite, secretHex, inner, output } = played
  const { name } = at
  const frame = output.m2 as string
  await group.valid(name, `accepted, suite ${suite}`, at.type === 2 ? 'Basic' : 'Rekey', { ...at.input, frame })
  await headerCases(group, name, at.type, frame, at.wrongSecret)
  const m2 = M2Body[suite].decode(unhex(inner.m2Body as string))
  const again = (body: string, suiteId: number = suite) => sealed(at.type, suiteId, secretHex, `${name}-salt`, body)
  const change = async (changes: Partial<M2Body>) => ({
    frame: await again(hex(M2Body[suite].encode({ ...m2, ...changes }))),
  })
  const refuse = async (what: string, flag: string | string[], mutation: string, input: object, code: RejectCode) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...input },
      code,
    })
  const body = inner.m2Body as string
  await refuse('body-short', 'AnswerLength', 'body one byte short', { frame: await again(body.slice(0, -2)) }, 'length')
  await refuse('body-long', 'AnswerLength', 'body one byte long', { frame: await again(`${body}00`) }, 'length')
  await refuse('other-suite', 'Suite', 'suite = 3; sealed again', { frame: await again(body, 3) }, 'suite')
  await refuse('spk-id', 'Prekey', 'spkId + 1', await change({ spkId: (m2.spkId + 1) >>> 0 }), 'prekey-unknown')
  await refuse('opk-id', 'Prekey', 'opkId + 1', await change({ opkId: (m2.opkId + 1) >>> 0 }), 'prekey-unknown')
  const keys = badKeys(hex(m2.ephemeralKey))
  // One key of each kind in suite 2, whose messages are four times as long.
  for (const bad of suite === SUITE_MLKEM ? keys.slice(4, 6) : keys) {
    for (const place of ['ephemeralKey', 'ratchetKey'] as const) {
      const mutation = `${place} = ${bad.mutation}; sealed again`
      await refuse(
        `${place}-${bad.name}`,
        ['AnswerKey', bad.flag],
        mutation,
        await change({ [place]: unhex(bad.key) }),
        bad.code,
      )
    }
    // One epoch on, so that in a rekey the key alone is wrong.
    const cert = unhex(signedCert(agentOf(FILE).identitySeed, bad.key, 2))
    const changed = hex(concat(cert, unhex(body).subarray(cert.length)))
    const mutation = `cert of epoch 2 with dhKey = ${bad.mutation}; sealed again`
    await refuse(`ikd-${bad.name}`, ['AnswerKey', bad.flag], mutation, { frame: await again(changed) }, bad.code)
  }
  const flipped = m2.confirmation.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  await refuse(
    'confirmation',
    'AgentConfirmation',
    'flip conf_A[0] bit 0',
    await change({ confirmation: flipped }),
    'confirm',
  )
  const th = unhex(inner.th as string)
  const signed = (name: 'auth-agent' | 'auth-controller') => concat(label(name), th)
  const others = forgeries(
    agentOf(FILE).identitySeed,
    signed('auth-agent'),
    signed('auth-controller'),
    played.controller.identitySeed,
  )
  const kcA = unhex((inner.okm as string).slice(64, 128))
  for (const { name: what, mutation, signature, flag } of others) {
    const forged = unhex(signature)
    const confirm = await confirmation(noble, kcA, th, forged)
    const named = flag === 'BadSignature' ? 'AgentSignature' : flag
    const input = await change({ signature: forged, confirmation: confirm })
    await refuse(`signature-${what}`, named, `sig_A: ${mutation}; conf_A made again`, input, 'auth-signature')
  }
  if (suite === SUITE_MLKEM) {
    const foreign = unhex(kemCiphertextFor(FILE, secret(FILE, 'other/kem-seed', 64)))
    const input = await change({ kemCiphertext: foreign })
    await refuse('kem-ciphertext', 'KemCiphertext', 'kemCt made for another key', input, 'confirm')
  }
}
