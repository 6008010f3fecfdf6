// What each role of the shim gives to shim.ts.

export type Arguments = Readonly<Record<string, unknown>>
export type Tell = (event: string, data: Arguments) => void

export interface Role {
  readonly capabilities: readonly string[]
  /** Each answers with what stands in `ok`; throws ProtocolError for an error of the protocol. */
  readonly verbs: Readonly<Record<string, (args: Arguments) => unknown>>
}
