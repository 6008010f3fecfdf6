// Faults in the transcript, the key schedule and the digits.

import type { EndpointMutant } from '../mutant.ts'

const agent = { role: 'agent', file: 'impl-node/session/schedule.ts' } as const
const controller = { role: 'controller', file: 'impl-node/session/schedule.ts' } as const

export const schedule: readonly EndpointMutant[] = [
  {
    name: 'confirm-without-signature',
    does: 'confirms its keys without its signature',
    breaks: ['pairing.confirm.mac'],
    ...agent,
    find: "hmac(key, label('confirm'), transcript, signature)",
    replace: "hmac(key, label('confirm'), transcript)",
  },
  {
    name: 'sas-commit-unlabelled',
    does: 'commits to its nonce without the label',
    breaks: ['pairing.sas.commit'],
    ...controller,
    find: "sha256(label('sas-commit'), sasNonce)",
    replace: 'sha256(sasNonce)',
  },
  {
    name: 'sas-without-zeros',
    does: 'shows digits without their leading zeros',
    breaks: ['pairing.sas.digits'],
    ...controller,
    find: ".padStart(6, '0')",
    replace: '',
  },
  {
    name: 'sas-modulus',
    does: 'computes digits that are never 999999',
    breaks: ['pairing.sas.digits'],
    ...agent,
    find: '% 1_000_000n',
    replace: '% 999_999n',
  },
  {
    name: 'schedule-order',
    does: 'mixes the shared secrets in another order',
    breaks: ['pairing.schedule.dh'],
    ...agent,
    find: 'concat(F, ...shared)',
    replace: 'concat(F, ...shared.toReversed())',
  },
  {
    name: 'schedule-swapped',
    does: 'takes the keys that confirm in another order',
    breaks: ['pairing.schedule.output'],
    ...controller,
    find: '    confirmAgent: take(32),\n    confirmController: take(32),',
    replace: '    confirmController: take(32),\n    confirmAgent: take(32),',
  },
  {
    name: 'schedule-rekey-label',
    does: 'derives the secret of a rekey like that of a pairing',
    breaks: ['pairing.schedule.ppk'],
    ...controller,
    find: "label(run.mode === 'pairing' ? 'pair-psk' : 'rekey-psk')",
    replace: "label('pair-psk')",
  },
  {
    name: 'schedule-psk-salt',
    does: 'derives the secret of a run with another salt',
    breaks: ['pairing.schedule.psk'],
    ...agent,
    find: 'hkdf(run.secret, ZERO_32,',
    replace: 'hkdf(run.secret, F,',
  },
  {
    name: 'transcript-mode',
    does: 'hashes a rekey as if it were a pairing',
    breaks: ['pairing.transcript.ctx', 'pairing.transcript.hash'],
    ...controller,
    find: "run.mode === 'pairing' ? 1 : 2",
    replace: '1',
  },
  {
    name: 'transcript-no-length',
    does: 'hashes M1 without its length',
    breaks: ['pairing.transcript.hash'],
    ...agent,
    find: '    withLength(m1Body),',
    replace: '    m1Body,',
  },
  {
    name: 'transcript-no-context',
    does: 'leaves the context out of the transcript',
    breaks: ['pairing.transcript.ctx'],
    ...agent,
    find: '    withLength(run.context),',
    replace: '    withLength(new Uint8Array(0)),',
  },
]
