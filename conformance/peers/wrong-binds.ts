// Binds that a relay has to refuse, each by one fault. The names are the words of the features.

import { utf8ToBytes } from '@noble/hashes/utils.js'
import { type Bind, type BindParts, base64url, bindInput, fromBase64url, Route } from './route.ts'
import { addOrder, NON_CANONICAL_KEY, SMALL_ORDER_KEY, signatureUnderIdentity } from './signature.ts'

/** What a faulty bind is made from: a route and the parts that would be right. */
export interface Right extends BindParts {
  readonly route: Route
  /** The nonce of another connection to the same relay. */
  readonly otherNonce: Uint8Array
}

export interface WrongBind {
  /**
   * `shape`: its schema rejects it, so it is malformed. `proof`: its signature does not prove the route.
   * `meaning`: malformed, though the schema and the signature are right.
   */
  readonly kind: 'shape' | 'proof' | 'meaning'
  readonly make: (right: Right) => Record<string, unknown>
}

const without = (member: keyof Bind) => (right: Right) => {
  const { [member]: _gone, ...rest } = right.route.bind(right)
  return rest
}

const withMember = (member: string, value: (right: Right) => unknown) => (right: Right) => ({
  ...right.route.bind(right),
  [member]: value(right),
})

const cut = (text: string, bytes: number) => base64url(fromBase64url(text).slice(0, bytes))

/** 32 bytes of which base64 and base64url are spelt differently. */
const SLASHES = Buffer.alloc(32, 0xff)

const shape = (make: WrongBind['make']): WrongBind => ({ kind: 'shape', make })

const shapes: Record<string, WrongBind> = {
  'without a routeKey': shape(without('routeKey')),
  'without a peer': shape(without('peer')),
  'without a signature': shape(without('signature')),
  'with an unknown member': shape(withMember('software', () => 'scripted')),
  'with a number as peer': shape(withMember('peer', () => 0)),
  'with an empty peer': shape(withMember('peer', () => '')),
  'with a routeKey of 31 bytes': shape(withMember('routeKey', ({ route }) => cut(base64url(route.key), 31))),
  'with a peer of 17 bytes': shape(withMember('peer', () => base64url(new Uint8Array(17).fill(7)))),
  'with a signature of 63 bytes': shape((right) => {
    const bind = right.route.bind(right)
    return { ...bind, signature: cut(bind.signature, 63) }
  }),
  'with padding behind the routeKey': shape(withMember('routeKey', ({ route }) => `${base64url(route.key)}=`)),
  'with a routeKey in the alphabet of base64': shape(
    withMember('routeKey', () => SLASHES.toString('base64').replace(/=+$/, '')),
  ),
  // 64 bytes end in four unused bits; the last letter of a right text is one of A, Q, g and w.
  'with stray bits behind the signature': shape((right) => {
    const bind = right.route.bind(right)
    const last = String.fromCharCode((bind.signature.at(-1) as string).charCodeAt(0) + 1)
    return { ...bind, signature: `${bind.signature.slice(0, -1)}${last}` }
  }),
  'with a space behind the peer': shape(withMember('peer', () => `${base64url(new Uint8Array(16).fill(7))} `)),
}

const signed =
  (sign: (right: Right) => { route?: Route; key?: Uint8Array; peer?: Uint8Array | null; signature: Uint8Array }) =>
  (right: Right): Record<string, unknown> => {
    const { key = right.route.key, peer = right.peer, signature } = sign(right)
    return {
      type: 'bind',
      routeKey: base64url(key),
      peer: peer && base64url(peer),
      signature: base64url(signature),
    }
  }

const proof = (sign: Parameters<typeof signed>[0]): WrongBind => ({ kind: 'proof', make: signed(sign) })

const input = ({ origin, nonce, route, peer }: Right) => bindInput(origin, nonce, route.key, peer)

function flipBit(signature: Uint8Array): Uint8Array {
  const changed = signature.slice()
  changed[40] = (changed[40] as number) ^ 1
  return changed
}

/** The bytes of the right input behind the label `relay-auth`. */
const LABEL_SIZE = utf8ToBytes('HRC/1 relay-auth\0').length
const otherPeer = new Uint8Array(16).fill(9)
const elsewhere = 'wss://relay.elsewhere.example:443'
const signedFor = (origin: (right: Right) => string) =>
  proof((right) => ({ signature: right.route.sign(input({ ...right, origin: origin(right) })) }))

const proofs: Record<string, WrongBind> = {
  'with a wrong signature': proof((right) => ({ signature: flipBit(right.route.sign(input(right))) })),
  'whose signature has one bit changed': proof((right) => ({ signature: flipBit(right.route.sign(input(right))) })),
  'whose signature is all zeros': proof(() => ({ signature: new Uint8Array(64) })),
  'signed with the key of another route': proof((right) => ({ signature: new Route().sign(input(right)) })),
  'signed for another peer': proof((right) => ({
    peer: new Uint8Array(16).fill(8),
    signature: right.route.sign(input({ ...right, peer: otherPeer })),
  })),
  'signed for a peer, sent as open': proof((right) => ({
    peer: null,
    signature: right.route.sign(input({ ...right, peer: otherPeer })),
  })),
  'signed without the label': proof((right) => ({ signature: right.route.sign(input(right).slice(LABEL_SIZE)) })),
  'signed for another relay': signedFor(() => elsewhere),
  // The authority ends at the port; what follows is the path.
  'signed for this relay without its port': signedFor(({ origin }) => origin.replace(/:\d+(?=\/|$)/, '')),
  'signed for the address with "/v1"': signedFor(({ origin }) => `${origin}/v1`),
  'signed over the nonce of another connection': proof((right) => ({
    signature: right.route.sign(input({ ...right, nonce: right.otherNonce })),
  })),
  'whose signature has the group order added to S': proof((right) => ({
    signature: addOrder(right.route.sign(input(right))),
  })),
  'with a key of small order': proof(() => ({ key: SMALL_ORDER_KEY, signature: signatureUnderIdentity() })),
  'with a key that is not canonical': proof(() => ({ key: NON_CANONICAL_KEY, signature: signatureUnderIdentity() })),
  'whose signature only verifies with the cofactor': proof((right) => ({
    signature: right.route.signLoosely(input(right)),
  })),
}

/** Right in shape and proof, and refused for what it says. */
const zeroPeer: WrongBind = {
  kind: 'meaning',
  make: (right) => ({ ...right.route.bind({ ...right, peer: new Uint8Array(16) }) }),
}

export const ZERO_PEER = 'whose peer is 16 zero bytes'
export const wrongBinds: Readonly<Record<string, WrongBind>> = { ...shapes, ...proofs, [ZERO_PEER]: zeroPeer }

/** Label and origin, for a scenario that names the origin itself. */
export const bindFor = (right: Right, origin: string): Bind => right.route.bind({ ...right, origin })
