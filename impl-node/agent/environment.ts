// What a terminal's shell inherits: the person's own environment, without what was put there to start
// the agent.

import { delimiter, sep } from 'node:path'

/** Of the terminal that the agent itself runs in, of npm, of Node's own machinery. */
const DROPPED = new Set([
  'COLOR',
  'COLUMNS',
  'INIT_CWD',
  'LINES',
  'NODE',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_OPTIONS',
  'NODE_TEST_CONTEXT',
  'NODE_UNIQUE_ID',
  'NODE_V8_COVERAGE',
  'OLDPWD',
  'PWD',
  'SHLVL',
  'STY',
  'TERMCAP',
  'TERM_PROGRAM',
  'TERM_PROGRAM_VERSION',
  'TERM_SESSION_ID',
  'TMUX',
  'TMUX_PANE',
  'VTE_VERSION',
  'WINDOW',
  'WINDOWID',
  'WT_SESSION',
  '_',
])
const DROPPED_PREFIXES = ['HAPPY_', 'npm_']

/** The environment of a terminal. The folders that npm puts before PATH are gone where npm started the agent. */
export function terminalEnvironment(own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined || DROPPED.has(name)) continue
    if (DROPPED_PREFIXES.some((prefix) => name.toLowerCase().startsWith(prefix.toLowerCase()))) continue
    env[name] = value
  }
  const byNpm = Object.keys(own).some((name) => name.startsWith('npm_'))
  if (byNpm && env.PATH !== undefined) {
    const folders = env.PATH.split(delimiter)
    env.PATH = folders.filter((folder) => !isNpmFolder(folder)).join(delimiter)
  }
  env.TERM = 'xterm-256color'
  return env
}

function isNpmFolder(folder: string): boolean {
  return folder.endsWith(`node_modules${sep}.bin`) || folder.endsWith('node-gyp-bin')
}
