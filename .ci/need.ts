// node .ci/need.ts: what the tests need beyond npm's packages. Installs it where this machine lets us, and says in one
// line what is missing where not.

import { spawnSync } from 'node:child_process'

const runs = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Redis 7 or newer: spec/cluster.md uses sharded publish/subscribe. */
function isRedisThere(): boolean {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  return Number(/v=(\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= 7
}

if (process.env.REDIS_URL === undefined && !isRedisThere()) {
  console.error('installing redis-server (once)')
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      stdio: 'ignore',
      env: environment,
    })
  if (install().status !== 0 && runs('apt-get', 'update')) install()
  if (!isRedisThere()) {
    console.error('The tests need redis-server 7 or newer (Debian: apt-get install redis-server), or REDIS_URL.')
    process.exit(1)
  }
}
