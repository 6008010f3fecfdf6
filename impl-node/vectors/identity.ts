// Labels, ids, certificates, keys and signatures.

import { DEVICE_PREFIX, type LabelName, label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { IdentityCert } from '@happy-remote/schemas/pairing.ts'
import { signingKeyPairFrom, verify } from '../crypto/ed25519.ts'
import { deviceIdOf, deviceIdText, identityFrom } from '../crypto/identity.ts'
import { routeIdOf, routeKeyFrom } from '../crypto/route.ts'
import { checkDhKey, dh, dhKeyPairFrom } from '../crypto/x25519.ts'
import { bindMessage } from '../link/socket.ts'
import { checkPeer, type PinnedCert } from '../session/responder.ts'
import { hex } from './deterministic.ts'
import type { Construction, Input } from './operation.ts'
import { relayGroups } from './relay.ts'

export const pinnedOf = (input: Input): PinnedCert | undefined => {
  if (!input.is('pinned')) return undefined
  const pinned = input.inner('pinned')
  return { identityKey: pinned.bytes('identityKey'), dhKey: pinned.bytes('dhKey'), epoch: pinned.number('epoch') }
}

/** An identity from the members `identitySeed`, `dhPrivate` and `epoch`. */
export const identityOf = (input: Input) =>
  identityFrom(
    signingKeyPairFrom(input.bytes('identitySeed')),
    dhKeyPairFrom(input.bytes('dhPrivate')),
    input.number('epoch'),
  )

export const labels: Construction = {
  label: (input) => ({ bytes: hex(label(input.text<LabelName>('name'))) }),
}

export const deviceId: Construction = {
  'device-id'(input) {
    const id = deviceIdOf(input.bytes('identityKey'))
    return { deviceId: hex(id), text: DEVICE_PREFIX + deviceIdText(id) }
  },
  'route-id': (input) => ({ routeId: hex(routeIdOf(input.bytes('routeKey'))) }),
}

export const cert: Construction = {
  sign(input) {
    const identity = identityOf(input)
    return { cert: hex(identity.certBytes), deviceId: hex(identity.deviceId) }
  },
  check(input) {
    const decoded = IdentityCert.decode(input.bytes('cert'))
    checkPeer(decoded, pinnedOf(input))
    const { identityKey, dhKey, epoch } = decoded
    return { identityKey: hex(identityKey), dhKey: hex(dhKey), epoch, deviceId: hex(deviceIdOf(identityKey)) }
  },
}

export const keyValidation: Construction = {
  'x25519-public'(input) {
    checkDhKey(input.bytes('publicKey'))
    return { accepted: true }
  },
  'x25519-output': (input) => ({
    sharedSecret: hex(dh(dhKeyPairFrom(input.bytes('privateKey')), input.bytes('publicKey'))),
  }),
}

export const signatureValidation: Construction = {
  verify(input) {
    if (!verify(input.bytes('publicKey'), input.bytes('message'), input.bytes('signature'))) {
      throw new ProtocolError('auth-signature')
    }
    return { verified: true }
  },
}

export const relayBind: Construction = {
  sign(input) {
    const route = routeKeyFrom(input.bytes('routeSeed'))
    const peer = input.is('peer') ? input.bytes('peer') : null
    return { route: hex(route.routeId), bind: bindMessage(route, input.text('origin'), input.bytes('nonce'), peer) }
  },
  ...relayGroups,
}
