// A pairing record as a run would leave it.

import { generateSigningKey } from '../crypto/ed25519.ts'
import { random } from '../crypto/primitives.ts'
import { generateDhKey } from '../crypto/x25519.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Store } from '../session/store.ts'

export async function newRecord(store: Store): Promise<PairingRecord> {
  const identityKey = (await generateSigningKey()).publicKey
  const dhKey = (await generateDhKey()).publicKey
  return {
    ...{ pairingId: random(16), role: 'controller', confirmed: true, pairingKey: random(32), suite: 1 },
    ...{ peer: { identityKey, dhKey, epoch: 1 }, peerName: 'peer', peerRoute: random(16) },
    ...{ routeKey: await store.newRouteKey(), relay: 'ws://localhost:8080', capabilities: ['observe'] },
    ...{ pairedAt: 1_800_000_000_000, lastHeardAt: null },
  } as const
}
