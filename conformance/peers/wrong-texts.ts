// Text frames that a relay has to call malformed. The names are the words of the features.

import { base64url } from './route.ts'

const ping = (members: object) => JSON.stringify({ type: 'ping', ...members })
const unbind = (members: object) => JSON.stringify({ type: 'unbind', ...members })
const route = base64url(new Uint8Array(16).fill(5))

/** After "a text frame that is". */
export const wrongTexts: Readonly<Record<string, string | Uint8Array>> = {
  empty: '',
  'not JSON': 'ping',
  'half of a JSON object': '{"type":"ping","timestamp":',
  'two JSON objects': `${ping({ timestamp: 1 })}${ping({ timestamp: 2 })}`,
  'a JSON array around a "ping"': `[${ping({ timestamp: 1 })}]`,
  'a JSON string': '"ping"',
  'the JSON value null': 'null',
  // 0xC3 begins a character of two bytes, which a quotation mark does not end.
  'not UTF-8': Buffer.concat([Buffer.from('{"type":"ping","timestamp":1,"x":"'), Buffer.of(0xc3), Buffer.from('"}')]),
  'an object without a type': '{"timestamp":1}',
  'an object with a number as type': '{"type":1,"timestamp":1}',
  'an object of an unknown type': '{"type":"unstable-subscribe","timestamp":1}',
  'a "Ping" with a capital letter': '{"type":"Ping","timestamp":1}',
  'a "pong", which only relays send': '{"type":"pong","timestamp":1}',
}

/** After "sends". */
export const wrongMessages: Readonly<Record<string, string>> = {
  'an "unbind" without a route': unbind({}),
  'an "unbind" with a route of 15 bytes': unbind({ route: base64url(new Uint8Array(15)) }),
  'an "unbind" with an unknown member': unbind({ route, reason: 'done' }),
  'a "ping" without a timestamp': ping({}),
  'a "ping" with a text as timestamp': ping({ timestamp: '1' }),
  'a "ping" with a fraction as timestamp': ping({ timestamp: 1.5 }),
  'a "ping" with a timestamp above 2^53': ping({ timestamp: 2 ** 53 }),
  'a "ping" with an unknown member': ping({ timestamp: 1, sequence: 1 }),
}

/** Binary frames, after "a binary frame that". */
export const wrongFrames: Readonly<Record<string, (from: Uint8Array, to: Uint8Array) => Uint8Array>> = {
  'is empty': () => new Uint8Array(0),
  'has 32 bytes': (from, to) => Buffer.concat([Buffer.of(1), from, to.slice(0, 15)]),
  'begins with another type byte': (from, to) => Buffer.concat([Buffer.of(2), from, to, Buffer.of(1, 2, 3)]),
}

/** A `ping` with spaces inside, so that it is `size` bytes long. */
export function longPing(size: number): string {
  const bare = ping({ timestamp: 1 })
  return `${bare.slice(0, -1)}${' '.repeat(size - bare.length)}}`
}
