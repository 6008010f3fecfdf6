import { homedir } from 'node:os'
import { join } from 'node:path'

/** Our folder under one of the XDG base directories: `xdg(env, 'XDG_STATE_HOME', '.local/state')`. */
export function xdg(env: NodeJS.ProcessEnv, variable: string, otherwise: string): string {
  const base = env[variable]
  // The XDG specification: what is not absolute is to be ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), otherwise), 'happy-remote')
}
