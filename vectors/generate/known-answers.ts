// The known answers that every implementation starts with.

import { knownAnswers, SEEDS } from '../operations/known-answers.ts'
import type { Construction } from './file.ts'
import { knownSeed } from './secret.ts'

export const knownAnswersFile: Construction = {
  construction: 'known-answers',
  header: [
    'One pairing in suite 0x0001, the first message of each side, a bind and a rekey.',
    'Each secret is SHA-256("hrc1-kat:" + its name), ps cut to 16 bytes, nonce0 and nonce1 to 12.',
    'The plaintexts are the raw bytes of ping and pong, without a plaintext frame.',
  ],
  flags: {
    Basic: {
      kind: 'functional',
      description: 'The whole protocol once.',
      requirement: 'pairing.schedule.output',
    },
  },
  operations: knownAnswers,
  async build(group) {
    await group('all').valid('all', 'pairing, ping, pong, bind, rekey', 'Basic', {
      secrets: Object.fromEntries(Object.entries(SEEDS).map(([name, size]) => [name, knownSeed(name, size)])),
      suite: 1,
      epoch: 1,
      supported: 3,
      suites: 1,
      expiry: 1_800_000_000,
      host: 'relay.example.com',
      spkId: 1,
      opkId: 7,
      origin: 'wss://relay.example.com:443',
      ping: 'ping',
      pong: 'pong',
    })
  },
}
