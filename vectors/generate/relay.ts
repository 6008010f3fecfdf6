// relay-bind: binds and routed frames.

import { ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { relayBind } from '../operations/relay.ts'
import { toBase64url, unhex } from '../protocol/bytes.ts'
import { bindSignedBytes } from '../protocol/relay.ts'
import type { Construction, GroupBuilder, RejectCode } from './file.ts'
import { basic, signatureFlags } from './flags.ts'
import { addOrder, NON_CANONICAL, publicKeyOf, signHex, underIdentityKey, withIdentityR, withMixedR } from './forge.ts'
import { secret } from './secret.ts'

const ORIGIN = 'wss://relay.example.com:443'
const own = (name: string, size = 32) => secret('relay-bind', name, size)

interface Bind {
  type: string
  routeKey: string
  peer: string | null
  signature: string
}

export const relayBindFile: Construction = {
  construction: 'relay-bind',
  header: [
    'sign is the client: `bind` is the JSON message. accept is the relay: `text` is the text frame, `origins` its own,',
    '`nonce` the one that it sent on this connection. route: `own` are the routes bound on the sending connection,',
    '`bound` all routes of the relay. What is not forwarded is answered with `delivery-failed` of the same from and to.',
  ],
  flags: {
    ...basic('relay.bind.signature'),
    ...signatureFlags,
    Accepted: { kind: 'functional', description: 'A bind that is accepted.', requirement: 'relay.bind.verify' },
    BadSignature: {
      kind: 'auth-bypass',
      description: 'Not signed by the route key over what the relay knows.',
      requirement: 'relay.bind.verify',
    },
    Origin: { kind: 'auth-bypass', description: 'Signed for another relay.', requirement: 'relay.bind.origin' },
    Nonce: { kind: 'auth-bypass', description: 'Signed for another connection.', requirement: 'relay.bind.nonce' },
    ZeroPeer: { kind: 'structure', description: 'A peer of 16 zero bytes.', requirement: 'relay.bind.zero-peer' },
    Malformed: { kind: 'encoding', description: 'Not a bind.', requirement: 'relay.bind.strict' },
    Forward: { kind: 'functional', description: 'Forwarded unchanged.', requirement: 'relay.frame.verbatim' },
    Unbound: { kind: 'functional', description: 'From an unbound route.', requirement: 'relay.frame.from' },
    NotPermitted: {
      kind: 'functional',
      description: 'The recipient is bound with another peer, or not at all.',
      requirement: 'relay.frame.permission',
    },
    BadFrame: { kind: 'structure', description: 'Not a routed frame.', requirement: 'relay.frame.layout' },
  },
  operations: relayBind,
  async build(group) {
    const seed = own('route')
    const nonce = own('nonce')
    const peer = own('peer', 16)
    const input = { routeSeed: seed, origin: ORIGIN, nonce, peer }
    const sign = group('sign')
    const { bind } = (await sign.valid('sign', 'bound to one peer', 'Basic', input)) as unknown as { bind: Bind }
    await sign.valid('sign-open', 'open, for pairing', 'Basic', { ...input, peer: null })
    await sign.valid('sign-path', 'ws, a port and a path', 'Basic', { ...input, origin: 'ws://localhost:8080/team' })
    await sign.valid('sign-ipv6', 'an IPv6 literal', 'Basic', { ...input, origin: 'ws://[::1]:9000' })

    const accept = group('accept')
    const held = { origins: ['ws://localhost:8080', ORIGIN], nonce, text: JSON.stringify(bind) }
    await accept.valid('accept', 'bound to one peer', 'Accepted', held)
    await accept.valid('accept-open', 'open', 'Accepted', {
      ...held,
      text: JSON.stringify(bindOf(seed, ORIGIN, nonce, null)),
    })
    await badBinds(accept, bind, seed, nonce, peer)
    await routing(group('route'))
  },
}

function bindOf(seed: string, origin: string, nonce: string, peer: string | null): Bind {
  const routeKey = publicKeyOf(seed)
  const signed = bindSignedBytes(origin, unhex(nonce), unhex(routeKey), peer === null ? null : unhex(peer))
  return {
    type: 'bind',
    routeKey: toBase64url(unhex(routeKey)),
    peer: peer === null ? null : toBase64url(unhex(peer)),
    signature: toBase64url(unhex(signHex(seed, signed))),
  }
}

async function badBinds(accept: GroupBuilder, bind: Bind, seed: string, nonce: string, peer: string): Promise<void> {
  const from = 'accept'
  const refuse = (name: string, flag: string, mutation: string, text: string, code: RejectCode) =>
    accept.invalid(name, mutation, flag, { from, mutation, input: { text }, code })
  const forged = (name: string, flag: string, mutation: string, changed: Partial<Bind>) =>
    refuse(name, flag, mutation, JSON.stringify({ ...bind, ...changed }), 'unauthenticated')
  const elsewhere = bindOf(seed, 'wss://relay.example.net:443', nonce, peer)
  await forged('origin', 'Origin', 'signed for wss://relay.example.net:443', elsewhere)
  const implicit = bindOf(seed, 'wss://relay.example.com', nonce, peer)
  await forged('origin-no-port', 'Origin', 'signed for the origin without its port', implicit)
  const withPath = bindOf(seed, `${ORIGIN}/v1`, nonce, peer)
  await forged('origin-path', 'Origin', 'signed for the URL with /v1', withPath)
  await forged(
    'nonce',
    'Nonce',
    'signed over the nonce of another connection',
    bindOf(seed, ORIGIN, own('other-nonce'), peer),
  )
  await accept.invalid('replayed', 'the same text on another connection', 'Nonce', {
    from,
    mutation: 'nonce = that of another connection',
    input: { nonce: own('other-nonce') },
    code: 'unauthenticated',
  })
  const foreign = toBase64url(unhex(publicKeyOf(own('other-route'))))
  await forged('route-key', 'BadSignature', 'routeKey = another route', { routeKey: foreign })
  await forged('peer', 'BadSignature', 'peer = another', { peer: toBase64url(unhex(own('other-peer', 16))) })
  await forged('peer-open', 'BadSignature', 'peer = null', { peer: null })
  const message = bindSignedBytes(ORIGIN, unhex(nonce), unhex(publicKeyOf(seed)), unhex(peer))
  const b64 = (hexText: string) => toBase64url(unhex(hexText))
  const other = signHex(own('other-route'), message)
  await forged('signature-other', 'BadSignature', 'signed by another route', { signature: b64(other) })
  const honest = signHex(seed, message)
  await forged('signature-s', 'LargeScalar', 'S = S + l', { signature: b64(addOrder(honest)) })
  const smallR = withIdentityR(seed, message, `01${'00'.repeat(31)}`)
  await forged('signature-small-r', 'SmallOrder', 'R = the identity point', { signature: b64(smallR) })
  await forged('signature-mixed-r', 'MixedOrder', 'R = [r]B + T', { signature: b64(withMixedR(seed, message)) })
  const largeR = withIdentityR(seed, message, NON_CANONICAL)
  await forged('signature-non-canonical-r', 'NonCanonical', 'R = p + 1', { signature: b64(largeR) })
  const identity = `01${'00'.repeat(31)}`
  const anybody = bindSignedBytes(ORIGIN, unhex(nonce), unhex(identity), unhex(peer))
  await forged('small-order-key', 'SmallOrder', 'routeKey = the identity point, S = r', {
    routeKey: b64(identity),
    signature: b64(underIdentityKey(anybody)),
  })
  const zero = bindOf(seed, ORIGIN, nonce, '00'.repeat(16))
  await refuse('zero-peer', 'ZeroPeer', 'peer = 16 zero bytes, signed', JSON.stringify(zero), 'malformed')
  const changed = (changes: object) => JSON.stringify({ ...bind, ...changes })
  const { peer: _, ...withoutPeer } = bind
  for (const [name, mutation, text] of [
    ['not-json', 'text cut by one character', JSON.stringify(bind).slice(0, -1)],
    ['array', 'the message in an array', JSON.stringify([bind])],
    ['unknown-member', 'one more member', changed({ extra: 1 })],
    ['no-peer', 'no peer', JSON.stringify(withoutPeer)],
    ['type', 'type = hello', changed({ type: 'hello' })],
    ['key-padding', 'routeKey with padding', changed({ routeKey: `${bind.routeKey}=` })],
    ['key-short', 'routeKey of 31 bytes', changed({ routeKey: bind.routeKey.slice(0, -2) })],
    ['key-plain-base64', 'peer with + in place of -', changed({ peer: `+${bind.peer?.slice(1)}` })],
    ['signature-bits', 'unused bits of signature set', changed({ signature: `${bind.signature.slice(0, -1)}B` })],
    ['peer-number', 'peer = 0', changed({ peer: 0 })],
  ] as const) {
    await refuse(name, 'Malformed', mutation, text, 'malformed')
  }
}

async function routing(route: GroupBuilder): Promise<void> {
  const [a, c, other] = [own('a', 16), own('c', 16), own('other', 16)] as [string, string, string]
  const frameOf = (from: string, to: string, payload: string) => `0${ROUTED_TYPE}${from}${to}${payload}`
  const frame = frameOf(a, c, own('payload', 80))
  const mutual = [
    { route: a, peer: c },
    { route: c, peer: a },
  ]
  const input = { own: [a], bound: mutual, frame }
  await route.valid('mutual', 'both name each other', 'Forward', input)
  await route.valid('one-sided', "the sender's own peer is not compared", 'Forward', {
    ...input,
    bound: [
      { route: a, peer: other },
      { route: c, peer: a },
    ],
  })
  const open = [
    { route: a, peer: c },
    { route: c, peer: null },
  ]
  await route.valid('open', 'the recipient is open', 'Forward', { ...input, bound: open })
  await route.valid('empty-payload', 'no payload', 'Forward', { ...input, frame: frameOf(a, c, '') })
  const full = frameOf(a, c, own('payload', 2048 - 33))
  await route.valid('open-2048', '2048 bytes to an open route', 'Forward', { ...input, bound: open, frame: full })
  await route.valid('open-2049', '2049 bytes to an open route', 'NotPermitted', {
    ...input,
    bound: open,
    frame: `${full}00`,
  })
  await route.valid('unbound', 'from a route that this connection has not bound', 'Unbound', { ...input, own: [other] })
  await route.valid('nothing-bound', 'the route is bound elsewhere', 'Unbound', { ...input, own: [] })
  await route.valid('offline', 'the recipient is not bound', 'NotPermitted', { ...input, bound: mutual.slice(0, 1) })
  await route.valid('not-permitted', 'the recipient names another peer', 'NotPermitted', {
    ...input,
    bound: [
      { route: a, peer: c },
      { route: c, peer: other },
    ],
  })
  const refuse = (name: string, mutation: string, changed: string) =>
    route.invalid(name, mutation, 'BadFrame', {
      from: 'mutual',
      mutation,
      input: { frame: changed },
      code: 'malformed',
    })
  await refuse('frame-type', 'type = 0x02', `02${frame.slice(2)}`)
  await refuse('frame-32', '32 bytes', frame.slice(0, 64))
  await refuse('frame-empty', 'no bytes', '')
}
