// M3 and R3 as the agent receives them.

import { label } from '@happy-remote/schemas/constants.ts'
import { M3Body } from '@happy-remote/schemas/pairing.ts'
import { noble } from '../backend/noble.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { confirmation } from '../protocol/schedule.ts'
import type { GroupBuilder, RejectCode } from './file.ts'
import { forgeries } from './forge.ts'
import { FILE, headerCases, type Played, sealed } from './handshake-played.ts'
import { agentOf } from './people.ts'
import { secret } from './secret.ts'

export interface FinishCase {
  readonly name: string
  readonly type: number
  readonly secret: object
  readonly wrongSecret: object
}

export async function finishCases(group: GroupBuilder, played: Played, at: FinishCase): Promise<void> {
  const { suite, secretHex, inner, output, controller } = played
  const { name } = at
  const okm = inner.okm as string
  const kcC = okm.slice(128, 192)
  const shared = { suite, th: inner.th, kcC, sask: okm.slice(192, 256), m1Body: inner.m1Body }
  const input = { ...shared, ...at.secret, frame: output.m3 as string }
  await group.valid(name, `accepted, suite ${suite}`, at.type === 3 ? 'Basic' : 'Rekey', input)
  await headerCases(group, name, at.type, output.m3 as string, at.wrongSecret)
  const m3 = M3Body.decode(unhex(inner.m3Body as string))
  const again = (body: string) => sealed(at.type, suite, secretHex, `${name}-salt`, body)
  const change = async (changes: Partial<M3Body>) => ({ frame: await again(hex(M3Body.encode({ ...m3, ...changes }))) })
  const refuse = async (what: string, flag: string, mutation: string, changed: object, code: RejectCode) =>
    group.invalid(`${name}-${what}`, mutation, flag, {
      from: name,
      mutation,
      input: { ...changed },
      code,
    })
  const body = inner.m3Body as string
  await refuse('body-short', 'FinishLength', 'body one byte short', { frame: await again(body.slice(0, -2)) }, 'length')
  await refuse('body-long', 'FinishLength', 'body one byte long', { frame: await again(`${body}00`) }, 'length')
  const nonce = unhex(secret(FILE, 'other/sas-nonce'))
  await refuse('commitment', 'Commitment', 'another sasNonce', await change({ sasNonce: nonce }), 'confirm')
  const flipped = m3.confirmation.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  await refuse(
    'confirmation',
    'ControllerConfirmation',
    'flip conf_C[0] bit 0',
    await change({ confirmation: flipped }),
    'confirm',
  )
  const th = unhex(inner.th as string)
  const signed = (name: 'auth-agent' | 'auth-controller') => concat(label(name), th)
  const others = forgeries(
    controller.identitySeed,
    signed('auth-controller'),
    signed('auth-agent'),
    agentOf(FILE).identitySeed,
  )
  for (const { name: what, mutation, signature, flag } of others) {
    const forged = unhex(signature)
    const confirm = await confirmation(noble, unhex(kcC), th, forged)
    const named = flag === 'BadSignature' ? 'ControllerSignature' : flag
    const changed = await change({ signature: forged, confirmation: confirm })
    await refuse(`signature-${what}`, named, `sig_C: ${mutation}; conf_C made again`, changed, 'auth-signature')
  }
}
