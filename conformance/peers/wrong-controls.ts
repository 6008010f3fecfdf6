// Control contents that a receiver has to ignore, as scenarios name them: "a control content …".

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

export const wrongControls: Readonly<Record<string, Uint8Array>> = {
  'that is no JSON': Buffer.from('{"type":"hello",'),
  'that is no UTF-8': Buffer.from([0x22, 0xc3, 0x28, 0x22]),
  'that is empty': new Uint8Array(),
  'that is a JSON array': json([{ type: 'ack' }]),
  'that is a JSON object without a type': json({ challenge: 'AAAAAAAAAAA', suites: 3 }),
  'that is a "hello" without a challenge': json({ type: 'hello', suites: 3 }),
  'that is a "hello" with a short challenge': json({ type: 'hello', challenge: 'AAAAAAAAAA', suites: 3 }),
  'that is a "hello" whose suites are a text': json({ type: 'hello', challenge: 'AAAAAAAAAAA', suites: 'all' }),
}
