// Pairing codes, right and wrong, as the decoder of a controller meets them: pairing.md, Pairing code.

import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { ascii } from '@happy-remote/vectors/protocol/bytes.ts'
import type { CodeFault } from './scripted-agent.ts'

/** Spellings that stand for the same code. */
export const rightSpellings: Readonly<Record<string, (code: string) => string>> = {
  'in lower case': (code) => code.toLowerCase(),
  'in mixed case': (code) => code.replace('HAPPY', 'Happy').replace(/[A-M]/g, (letter) => letter.toLowerCase()),
  'between white space': (code) => ` \t${code}\r\n`,
}

interface WrongCode extends CodeFault {
  readonly code: ErrorCode
}

const text = (change: (right: string) => string): WrongCode => ({ code: 'qr-encoding', text: change })
const relay = (address: string, code: ErrorCode = 'qr-encoding'): WrongCode => ({
  code,
  payload: () => ({ relay: ascii(address) }),
})
const at = (index: number, value: number, code: ErrorCode): WrongCode => ({
  code,
  bytes: (right) => {
    const changed = right.slice()
    changed[index] = value
    return changed
  },
})

export const wrongCodes: Readonly<Record<string, WrongCode>> = {
  'with another scheme': text((right) => right.replace('HAPPY://', 'HTTPS://')),
  'without a scheme': text((right) => right.replace('HAPPY://', '')),
  'with the digit 1 in it': text((right) => `${right.slice(0, 20)}1${right.slice(21)}`),
  'with a space in it': text((right) => `${right.slice(0, 20)} ${right.slice(20)}`),
  'with padding behind it': text((right) => `${right}=`),
  'with one character more than bytes fill': text((right) => `${right}${'A'.repeat(9 - ((right.length - 8) % 8))}`),
  'of another version': at(0, 2, 'qr-version'),
  'with one byte too few': { code: 'qr-length', bytes: (right) => right.slice(0, -1) },
  'with one byte too many': { code: 'qr-length', bytes: (right) => Buffer.concat([right, Buffer.alloc(1)]) },
  'that ends before the relay': { code: 'qr-length', bytes: (right) => right.slice(0, 40) },
  'whose relay has no length': at(55, 0, 'qr-length'),
  'with a reserved flag set': at(1, 0b11, 'type'),
  'that offers no suite which anybody knows': { code: 'suite', payload: () => ({ suites: 0b1000_0000 }) },
  'whose relay has no host': relay(':8080'),
  'whose relay has an upper-case host': relay('Relay.example'),
  'whose relay has the port 0': relay('127.0.0.1:0'),
  'whose relay has a scheme of its own': relay('ws://127.0.0.1'),
  'whose relay has a query': relay('127.0.0.1:80/a?b'),
  'whose relay has a path with two dots': relay('127.0.0.1:80/a/../b'),
  'whose relay is public and without TLS': relay('relay.example.com', 'qr-insecure'),
  'whose relay is a public address without TLS': relay('8.8.8.8:80', 'qr-insecure'),
}
