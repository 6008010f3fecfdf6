// A certificate for tests, made anew each time, so that none expires and no private key is in the repository.

import { generateKeyPairSync, sign } from 'node:crypto'
import type { TlsFiles } from './http.ts'

const tlv = (tag: number, ...contents: Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const SEQUENCE = 0x30
const UTC_TIME = 0x17
const ED25519 = tlv(SEQUENCE, Buffer.from('06032b6570', 'hex'))
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const DAY = 86_400_000

const utcTime = (at: number) =>
  tlv(UTC_TIME, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))

/** Self-signed for `localhost`, Ed25519, valid for two days around now (RFC 5280, version 1). */
export function testCertificate(): TlsFiles {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const name = tlv(SEQUENCE, tlv(0x31, tlv(SEQUENCE, COMMON_NAME, tlv(0x0c, Buffer.from('localhost')))))
  const validity = tlv(SEQUENCE, utcTime(Date.now() - DAY), utcTime(Date.now() + DAY))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const body = tlv(SEQUENCE, tlv(0x02, Buffer.of(1)), ED25519, name, validity, name, spki)
  const signature = tlv(0x03, Buffer.of(0), sign(null, body, privateKey))
  const der = tlv(SEQUENCE, body, ED25519, signature)
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}
