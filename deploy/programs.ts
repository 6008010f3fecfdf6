// The programs of Debian that the examples of this folder are about.

import { spawnSync } from 'node:child_process'

const isThere = (program: string): boolean => spawnSync('which', [program]).status === 0

/**
 * Undefined where `program` can be run, else the reason why not. In continuous integration what is missing is
 * installed by root; nobody wants a test to start a web server on a machine that is used for something else.
 */
export function missing(program: string): string | undefined {
  if (isThere(program)) return undefined
  const install = ['install', '-y', '--no-install-recommends', program]
  if (process.env.CI && process.getuid?.() === 0 && isThere('apt-get')) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' })
    spawnSync('apt-get', install, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    if (isThere(program)) return undefined
  }
  return `${program} is missing: apt-get ${install.join(' ')}`
}
