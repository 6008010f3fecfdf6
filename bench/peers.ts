// What is measured alike on every side: two parties that become able to talk, and talk.

export type Octets = Uint8Array<ArrayBuffer>

/** Two parties with a session; each call seals a message on one side and opens it on the other. */
export interface Peers {
  forth(message: Octets): void | Promise<void>
  back(message: Octets): void | Promise<void>
  /** Gives memory back that no collector sees. */
  free?(): void
}

export interface Library {
  /**
   * Two strangers become peers: both identities, all keys and signatures, and one message from the side
   * that may speak first, opened on the other.
   */
  pair(message: Octets): Peers | Promise<Peers>
}

/** Peers that have both spoken, so that nobody attaches key material of the handshake any more. */
export async function establish({ pair }: Library, message: Octets): Promise<Peers> {
  const peers = await pair(message)
  await peers.back(message)
  await peers.forth(message)
  return peers
}
