import assert from 'node:assert/strict'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { checkCertificate } from '../crypto/identity.ts'
import { newDevices, pair, rekey } from '../testing/devices.ts'
import { buildBundle, checkBundle, freshBundleKeys } from './bundle.ts'

const devices = await newDevices()

for (const suite of [1, 2] as const) {
  Deno.test(`a pairing in suite ${suite} gives both sides the same keys and digits`, async () => {
    const { agent, controller } = await pair(devices, suite)
    assert.deepEqual(agent.keys, controller.keys)
    assert.match(agent.digits as string, /^[0-9]{6}$/)
    assert.deepEqual([agent.digits, agent.transcript], [controller.digits, controller.transcript])
    assert.deepEqual(
      [agent.peer.identityKey, controller.peer.identityKey],
      [devices.controller.signing.publicKey, devices.agent.signing.publicKey],
    )
  })

  Deno.test(`a rekey in suite ${suite} gives no pairing key, no digits and another session`, async () => {
    const first = await pair(devices, suite)
    const again = await rekey(first, devices, suite)
    assert.deepEqual(again.agent.keys, again.controller.keys)
    assert.deepEqual([again.agent.keys.pairingKey, again.agent.digits], [null, null])
    assert.notDeepEqual(again.agent.keys.sessionId, first.agent.keys.sessionId)
  })
}

Deno.test('checkCertificate() judges identity, IKd, signature and epoch in this order', async () => {
  const cert = IdentityCert.decode(devices.agent.certificate)
  const low = { ...cert, dhKey: new Uint8Array(32) }
  const other = { identityKey: devices.controller.signing.publicKey, dhKey: cert.dhKey, epoch: 2 }
  const newer = { ...cert, epoch: 2 }
  const unsigned = { ...cert, signature: new Uint8Array(64) }
  for (const [given, known, code] of [
    [low, other, 'identity-mismatch'],
    [low, newer, 'key-low-order'],
    [unsigned, newer, 'cert-signature'],
    [cert, newer, 'epoch-rollback'],
  ] as const) {
    await assert.rejects(checkCertificate(IdentityCert.encode(given), known), { code })
  }
})

Deno.test('checkBundle() refuses with suite what it does not offer, or its sender does not have', async () => {
  const { agent, controller, routeId } = devices
  const policy = { from: routeId, lastSuite: 0, ownDeviceId: agent.deviceId, known: () => null }
  const keys = await freshBundleKeys(1)
  for (const [supported, offered, code] of [
    [1, 2, 'suite'],
    [2, 3, 'suite'],
    [3, 3, 'suite-downgrade'],
  ] as const) {
    const body = await buildBundle(1, supported, routeId, controller, keys)
    await assert.rejects(checkBundle(1, body, { ...policy, offered }), { code })
  }
  const own = await buildBundle(1, 1, routeId, agent, keys)
  await assert.rejects(checkBundle(1, own, { ...policy, offered: 1 }), { code: 'identity-mismatch' })
})
