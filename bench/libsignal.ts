// The first reference: libsignal, PQXDH and the Triple Ratchet in Rust, as Signal Desktop runs it. Its
// stores here keep the records as they come, which is the fastest that its interface allows.

import type * as Signal from '@signalapp/libsignal-client'
import type { Library, Octets, Peers } from './peers.ts'

const DEVICE = 1
const PREKEY = 3

interface Party {
  readonly address: Signal.ProtocolAddress
  readonly identity: Signal.IdentityKeyPair
  readonly sessions: Signal.SessionStore
  readonly identities: Signal.IdentityKeyStore
}

type Module = typeof Signal

function createParty(signal: Module, name: string): Party {
  const identity = signal.IdentityKeyPair.generate()
  const records = new Map<string, Signal.SessionRecord>()
  const known = new Map<string, Signal.PublicKey>()
  return {
    address: signal.ProtocolAddress.new(name, DEVICE),
    identity,
    sessions: {
      saveSession: async (address, record) => void records.set(address.toString(), record),
      getSession: async (address) => records.get(address.toString()) ?? null,
    },
    identities: {
      getIdentityKeyPair: async () => identity,
      getLocalRegistrationId: async () => 1,
      saveIdentity: async (address, key) => {
        known.set(address.toString(), key)
        return 0
      },
      isTrustedIdentity: async () => true,
      getIdentity: async (address) => known.get(address.toString()) ?? null,
    },
  }
}

/** A signed bundle as a server hands it out, and the stores that can answer for it. */
function createPreKeys(signal: Module, { identity }: Party) {
  const [oneTime, signed] = [signal.PrivateKey.generate(), signal.PrivateKey.generate()]
  const kyber = signal.KEMKeyPair.generate()
  const [oneTimeKey, signedKey, kyberKey] = [oneTime.getPublicKey(), signed.getPublicKey(), kyber.getPublicKey()]
  const signature = identity.privateKey.sign(signedKey.serialize())
  const kyberSignature = identity.privateKey.sign(kyberKey.serialize())
  const now = Date.now()
  const preKey = signal.PreKeyRecord.new(1, oneTimeKey, oneTime)
  const signedPreKey = signal.SignedPreKeyRecord.new(1, now, signedKey, signed, signature)
  const kyberPreKey = signal.KyberPreKeyRecord.new(1, now, kyber, kyberSignature)
  // Registration and device, then id, key and signature of the prekeys, with the identity key between them.
  const bundle = signal.PreKeyBundle.new(
    1,
    DEVICE,
    1,
    oneTimeKey,
    1,
    signedKey,
    signature,
    identity.publicKey,
    1,
    kyberKey,
    kyberSignature,
  )
  const preKeys: Signal.PreKeyStore = {
    savePreKey: async () => {},
    getPreKey: async () => preKey,
    removePreKey: async () => {},
  }
  const signedPreKeys: Signal.SignedPreKeyStore = {
    saveSignedPreKey: async () => {},
    getSignedPreKey: async () => signedPreKey,
  }
  const kyberPreKeys: Signal.KyberPreKeyStore = {
    saveKyberPreKey: async () => {},
    getKyberPreKey: async () => kyberPreKey,
    markKyberPreKeyUsed: async () => {},
  }
  return { bundle, preKeys, signedPreKeys, kyberPreKeys }
}

export async function loadLibsignal(): Promise<Library> {
  const signal = await import('@signalapp/libsignal-client')

  const seal = (from: Party, to: Party, message: Octets) =>
    signal.signalEncrypt(message, to.address, from.address, from.sessions, from.identities)

  const deliver = async (from: Party, to: Party, message: Octets): Promise<void> => {
    const sealed = await seal(from, to, message)
    const received = signal.SignalMessage.deserialize(sealed.serialize())
    await signal.signalDecrypt(received, from.address, to.address, to.sessions, to.identities)
  }

  return {
    async pair(message): Promise<Peers> {
      const [alice, bob] = [createParty(signal, 'alice'), createParty(signal, 'bob')]
      const { bundle, preKeys, signedPreKeys, kyberPreKeys } = createPreKeys(signal, bob)
      await signal.processPreKeyBundle(bundle, bob.address, alice.address, alice.sessions, alice.identities)
      const sealed = await seal(alice, bob, message)
      if (sealed.type() !== PREKEY) throw new Error('Cannot pair with libsignal: the first message has no prekey')
      await signal.signalDecryptPreKey(
        signal.PreKeySignalMessage.deserialize(sealed.serialize()),
        alice.address,
        bob.address,
        bob.sessions,
        bob.identities,
        preKeys,
        signedPreKeys,
        kyberPreKeys,
      )
      return { forth: (text) => deliver(alice, bob, text), back: (text) => deliver(bob, alice, text) }
    },
  }
}
