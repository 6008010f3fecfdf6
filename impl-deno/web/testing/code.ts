// Pairing codes of nobody.

import { encodePairingCode, pairingCodeText } from '../../session/pairing-code.ts'

/** `expiry`: seconds since 1970. */
export function codeOf(expiry: number, version?: number): string {
  const id = new Uint8Array(16)
  const content = { suites: 1, expiry, deviceId: id, routeId: id, pairingSecret: id }
  const payload = encodePairingCode({ ...content, scheme: 'ws', relay: '127.0.0.1:1' })
  if (version !== undefined) payload[0] = version
  return pairingCodeText(payload)
}
