// The parts of the reference libraries that the rows use, so that types can be checked where none is installed. Written after the declarations of the versions in package-lock.json.

declare module '@signalapp/libsignal-client' {
  type Octets = Uint8Array<ArrayBuffer>
  /** A native object that is only handed on. */
  type Handle<Name extends string> = { readonly handle: Name }

  export interface PublicKey {
    serialize(): Octets
  }
  export interface PrivateKey {
    getPublicKey(): PublicKey
    sign(message: Octets): Octets
  }
  export const PrivateKey: { generate(): PrivateKey }
  export interface IdentityKeyPair {
    readonly publicKey: PublicKey
    readonly privateKey: PrivateKey
  }
  export const IdentityKeyPair: { generate(): IdentityKeyPair }
  export interface KEMKeyPair {
    getPublicKey(): PublicKey
  }
  export const KEMKeyPair: { generate(): KEMKeyPair }
  export interface ProtocolAddress {
    toString(): string
  }
  export const ProtocolAddress: { readonly new: (name: string, deviceId: number) => ProtocolAddress }

  export type PreKeyRecord = Handle<'PreKeyRecord'>
  export const PreKeyRecord: { readonly new: (id: number, key: PublicKey, secret: PrivateKey) => PreKeyRecord }
  export type SignedPreKeyRecord = Handle<'SignedPreKeyRecord'>
  export const SignedPreKeyRecord: {
    readonly new: (id: number, at: number, key: PublicKey, secret: PrivateKey, signature: Octets) => SignedPreKeyRecord
  }
  export type KyberPreKeyRecord = Handle<'KyberPreKeyRecord'>
  export const KyberPreKeyRecord: {
    readonly new: (id: number, at: number, pair: KEMKeyPair, signature: Octets) => KyberPreKeyRecord
  }
  export type PreKeyBundle = Handle<'PreKeyBundle'>
  export const PreKeyBundle: {
    readonly new: (
      registrationId: number,
      deviceId: number,
      preKeyId: number,
      preKey: PublicKey,
      signedPreKeyId: number,
      signedPreKey: PublicKey,
      signedPreKeySignature: Octets,
      identityKey: PublicKey,
      kyberPreKeyId: number,
      kyberPreKey: PublicKey,
      kyberPreKeySignature: Octets,
    ) => PreKeyBundle
  }

  export type SessionRecord = Handle<'SessionRecord'>
  export interface CiphertextMessage {
    serialize(): Octets
    type(): number
  }
  export type SignalMessage = Handle<'SignalMessage'>
  export const SignalMessage: { deserialize(bytes: Octets): SignalMessage }
  export type PreKeySignalMessage = Handle<'PreKeySignalMessage'>
  export const PreKeySignalMessage: { deserialize(bytes: Octets): PreKeySignalMessage }

  export interface SessionStore {
    saveSession(address: ProtocolAddress, record: SessionRecord): Promise<void>
    getSession(address: ProtocolAddress): Promise<SessionRecord | null>
  }
  export interface IdentityKeyStore {
    getIdentityKeyPair(): Promise<IdentityKeyPair>
    getLocalRegistrationId(): Promise<number>
    /** 0 where the key is new or unchanged. */
    saveIdentity(address: ProtocolAddress, key: PublicKey): Promise<0 | 1>
    isTrustedIdentity(address: ProtocolAddress, key: PublicKey): Promise<boolean>
    getIdentity(address: ProtocolAddress): Promise<PublicKey | null>
  }
  export interface PreKeyStore {
    savePreKey(id: number, record: PreKeyRecord): Promise<void>
    getPreKey(id: number): Promise<PreKeyRecord>
    removePreKey(id: number): Promise<void>
  }
  export interface SignedPreKeyStore {
    saveSignedPreKey(id: number, record: SignedPreKeyRecord): Promise<void>
    getSignedPreKey(id: number): Promise<SignedPreKeyRecord>
  }
  export interface KyberPreKeyStore {
    saveKyberPreKey(id: number, record: KyberPreKeyRecord): Promise<void>
    getKyberPreKey(id: number): Promise<KyberPreKeyRecord>
    markKyberPreKeyUsed(id: number): Promise<void>
  }

  export function processPreKeyBundle(
    bundle: PreKeyBundle,
    remote: ProtocolAddress,
    local: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
  ): Promise<void>
  export function signalEncrypt(
    message: Octets,
    remote: ProtocolAddress,
    local: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
  ): Promise<CiphertextMessage>
  export function signalDecrypt(
    message: SignalMessage,
    remote: ProtocolAddress,
    local: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
  ): Promise<Octets>
  export function signalDecryptPreKey(
    message: PreKeySignalMessage,
    remote: ProtocolAddress,
    local: ProtocolAddress,
    sessions: SessionStore,
    identities: IdentityKeyStore,
    preKeys: PreKeyStore,
    signedPreKeys: SignedPreKeyStore,
    kyberPreKeys: KyberPreKeyStore,
  ): Promise<Octets>
}

declare module 'vodozemac-wasm-bindings' {
  export function initSync(options: { module: Uint8Array }): void
  /** Its getters hand over what they return: `session` last, and once. */
  export class InboundCreationResult {
    readonly plaintext: Uint8Array
    readonly session: Session
  }
  export class Account {
    readonly curve25519_key: string
    readonly one_time_keys: Map<string, string>
    generate_one_time_keys(count: number): void
    create_outbound_session(identityKey: string, oneTimeKey: string): Session
    create_inbound_session(identityKey: string, messageType: number, ciphertext: string): InboundCreationResult
    free(): void
  }
  export class EncryptedOlmMessage {
    readonly message_type: number
    /** Base64 without padding. */
    readonly ciphertext: string
    free(): void
  }
  export class Session {
    encrypt(plaintext: Uint8Array): EncryptedOlmMessage
    decrypt(messageType: number, ciphertext: string): Uint8Array
    free(): void
  }
}

declare module 'socket.io' {
  export interface Socket {
    readonly handshake: { readonly query: Readonly<Record<string, unknown>> }
    on(event: string, listener: (data: unknown) => void): void
    emit(event: string, data: unknown): void
  }
  export class Server {
    constructor(server: import('node:http').Server, options: { transports: readonly string[]; pingInterval: number })
    on(event: 'connection', listener: (socket: Socket) => void): void
  }
}

declare namespace Bun {
  interface ServerWebSocket<Data> {
    readonly data: Data
    send(data: string | Uint8Array): number
  }
  interface Upgrader<Data> {
    upgrade(request: Request, options: { readonly data: Data }): boolean
  }
  interface ServeOptions<Data> {
    readonly hostname: string
    readonly port: number
    fetch(request: Request, server: Upgrader<Data>): Response | undefined
    readonly websocket: {
      readonly idleTimeout: number
      readonly perMessageDeflate: boolean
      open(socket: ServerWebSocket<Data>): void
      message(socket: ServerWebSocket<Data>, data: string | Uint8Array): void
    }
  }
  function serve<Data>(options: ServeOptions<Data>): { readonly port: number }
}
