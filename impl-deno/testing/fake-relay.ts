// The far end of a WebSocket in memory: a relay whose every word the test says.

import { toBase64url } from '../crypto/base64url.ts'

export class FakeSocket {
  readonly url: string
  readonly protocol: string
  readonly sent: (string | Uint8Array)[] = []
  readyState: number = WebSocket.OPEN
  binaryType = 'blob'
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  onerror: (() => void) | null = null

  constructor(url: string, protocol: string) {
    this.url = url
    this.protocol = protocol
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data)
  }

  close(): void {
    this.readyState = WebSocket.CLOSED
  }

  says(message: object | string): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) })
  }

  forwards(frame: Uint8Array): void {
    this.onmessage?.({ data: new Uint8Array(frame).buffer })
  }

  hello(nonce = new Uint8Array(32).fill(7), more: object = {}): void {
    this.says({ type: 'hello', protocol: 1, nonce: toBase64url(nonce), maxFrame: 262_400, ...more })
  }

  closes(code: number): void {
    this.readyState = WebSocket.CLOSED
    this.onclose?.({ code })
  }

  /** Control messages of the client, of one type. */
  heard<T = Record<string, unknown>>(type: string): T[] {
    return this.sent
      .filter((data) => typeof data === 'string')
      .map((text) => JSON.parse(text))
      .filter((message) => message.type === type)
  }
}
