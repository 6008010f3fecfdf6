// Where Redis is: `redis://user:password@host:port`, or `rediss://` for TLS.

export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
}

const DEFAULT_PORT = 6379

/** Throws RangeError, which never names the text: there may be a password in it. */
export function redisAddress(text: string): RedisAddress {
  const url = URL.parse(text)
  if (!url || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new RangeError('Cannot use the address of Redis: it is no redis://host:port or rediss://host:port')
  }
  // Channels know no databases, so two clusters in one Redis would meet in spite of them.
  if (!['', '/', '/0'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new RangeError('Cannot use the address of Redis: there is something behind host and port')
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port)
  if (port === 0) throw new RangeError('Cannot use the address of Redis: its port is 0')
  const [username, password] = [decoded(url.username), decoded(url.password)]
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    tls: url.protocol === 'rediss:',
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RangeError('Cannot use the address of Redis: a % in its credentials has to be written %25')
  }
}

/** For people: without credentials. */
export const shownRedis = ({ host, port, tls }: RedisAddress): string =>
  `${tls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}`
