// The origins that a relay accepts where its operator names none (relay.bind.origin).

const ANY = ['0.0.0.0', '::']

/** An address as an origin writes it. */
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** Those of this machine that a client can dial: one of a link needs a zone, which no origin has. */
function addressesOfMachine(family: 'any' | 'IPv4'): string[] {
  try {
    return Deno.networkInterfaces()
      .filter((one) => (family === 'any' || one.family === family) && !one.address.toLowerCase().startsWith('fe80:'))
      .map((one) => one.address)
  } catch {
    // Without --allow-sys=networkInterfaces: what is not known has to be named.
    return []
  }
}

/** `host` is what the relay listens at; `prefix` is empty or begins with a slash. */
export function defaultOrigins(scheme: 'ws' | 'wss', host: string, port: number, prefix: string): string[] {
  const own = ANY.includes(host) ? addressesOfMachine(host === '::' ? 'any' : 'IPv4') : [host.toLowerCase()]
  const hosts = new Set(['localhost', '127.0.0.1', '::1', ...own])
  return [...hosts].map((name) => `${scheme}://${bracketed(name)}:${port}${prefix}`)
}

/** What a person on this machine dials. */
export function dialled(scheme: 'ws' | 'wss', host: string, port: number, prefix: string): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${scheme}://${bracketed(name)}:${port}${prefix}`
}
