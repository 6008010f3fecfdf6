import assert from 'node:assert/strict'
import { newDevices, pair, rekey } from '../testing/devices.ts'

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
