// Where Redis is, as the operator says it. A password in it is never shown again.

export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly username?: string
  readonly password?: string
}

const DEFAULT_PORT = 6379

/** For people and logs: without credentials. */
export const shownRedis = ({ host, port, isTls }: RedisAddress): string =>
  `${isTls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}`

function parsed(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    // The error of the parser holds the text.
    return undefined
  }
}

/** Throws TypeError, without the text, for what is not `redis(s)://[user:password@]host[:port]`. */
export function redisAddress(text: string): RedisAddress {
  const url = parsed(text)
  const isTls = url?.protocol === 'rediss:'
  if (!url?.hostname || (!isTls && url.protocol !== 'redis:')) {
    throw new TypeError('Cannot use the address of Redis: redis://host:port or rediss://host:port is needed')
  }
  // A number behind the port would choose a database, which publish/subscribe and a Redis Cluster do not have.
  if (!['', '/', '/0'].includes(url.pathname) || url.search || url.hash) {
    throw new TypeError('Cannot use the address of Redis: nothing may follow its port')
  }
  const [username, password] = [url.username, url.password].map(decoded)
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : DEFAULT_PORT,
    isTls,
    ...(username && { username }),
    ...(password && { password }),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('Cannot use the address of Redis: its user or password is not percent-encoded')
  }
}
