// `happy-remote control git status | diff | log | show | commit | push`

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { CallFailure } from '../../controller/failure.ts'
import { exactText, safeLine, safeText } from '../../controller/safe-text.ts'
import { EXIT_OK, UsageError } from '../command.ts'
import type { Subject } from './subject.ts'

export interface GitOptions {
  readonly staged?: boolean | undefined
  readonly limit?: string | undefined
  readonly after?: string | undefined
  readonly message?: string | undefined
  readonly remote?: string | undefined
  readonly branch?: string | undefined
}

interface Act {
  readonly takes: readonly (keyof GitOptions)[]
  /** Most paths. */
  readonly paths: number
  run(subject: Subject, options: GitOptions, paths: string[]): Promise<void>
}

const CUT = 'The rest was too much for one answer; name a file.'

const ACTS: Readonly<Record<string, Act>> = {
  status: {
    takes: [],
    paths: 0,
    async run({ controller, say }) {
      const status = await controller.call('git.status', {})
      say('status', status, describe(status))
    },
  },
  diff: {
    takes: ['staged'],
    paths: 1,
    async run({ controller, say, io, json }, { staged = false }, [path]) {
      const result = await controller.call('git.diff', { staged, ...(path !== undefined && { path }) })
      say('diff', result, safeText(result.diff).trimEnd())
      if (result.truncated && !json) io.err(CUT)
    },
  },
  show: {
    takes: [],
    paths: 2,
    async run({ controller, say, io, json }, _, [commit = '', path]) {
      if (!/^[0-9a-f]{7,64}$/.test(commit))
        throw new UsageError('git show wants a commit: 7 hex digits of its name, or more')
      const result = await controller.call('git.show', { commit, ...(path !== undefined && { path }) })
      say('show', result, safeText(result.diff).trimEnd())
      if (result.truncated && !json) io.err(CUT)
    },
  },
  log: {
    takes: ['limit', 'after'],
    paths: 0,
    async run({ controller, say, io, json }, { limit: text = '20', after }) {
      const limit = Number(text)
      if (!Number.isInteger(limit) || limit < 1 || limit > 100)
        throw new UsageError('--limit is a number from 1 to 100')
      const { commits, more } = await controller.call('git.log', { limit, ...(after !== undefined && { after }) })
      for (const commit of commits) {
        const { sha, author, at, message } = commit
        const [subject = ''] = message.split('\n')
        const line = `${sha.slice(0, 8)} ${new Date(at).toISOString().slice(0, 10)} ${author}: ${subject}`
        say('commit', commit, safeLine(line))
      }
      const last = commits.at(-1)
      if (!more || !last) return
      if (json) say('more', { after: last.sha }, '')
      else io.err(`More behind --after ${last.sha}`)
    },
  },
  commit: {
    takes: ['message'],
    paths: 1_000,
    async run({ controller, say }, { message = '' }, paths) {
      if (message.trim() === '') throw new UsageError('git commit wants --message <text>')
      const { sha } = await controller.call('git.commit', { message, ...(paths.length > 0 && { paths }) })
      say('committed', { sha }, `Committed ${sha.slice(0, 8)}`)
    },
  },
  push: {
    takes: ['remote', 'branch'],
    paths: 0,
    async run({ controller, say, io, json }, { remote, branch }) {
      const named = { ...(remote !== undefined && { remote }), ...(branch !== undefined && { branch }) }
      const result = await controller.call('git.push', named)
      if (!json && result.output !== '') io.err(safeText(result.output).trimEnd())
      say('pushed', result, `Pushed ${safeLine(result.branch)} to ${safeLine(result.remote)}`)
    },
  },
}

function describe({ branch, head, upstream, ahead, behind, entries, truncated }: Result<'git.status'>): string {
  const where = branch === null ? 'No branch' : `On ${safeLine(branch)}`
  const apart = upstream && (ahead || behind) ? `, ${ahead} ahead and ${behind} behind ${safeLine(upstream)}` : ''
  const changes = entries.map(({ path, from, index, worktree, conflict }) => {
    const name = from === undefined ? exactText(path) : `${exactText(from)} -> ${exactText(path)}`
    return `${safeLine(index + worktree)} ${name}${conflict ? '   (conflict)' : ''}`
  })
  return [
    `${where}${head === null ? ', no commit yet' : ` at ${head.slice(0, 8)}`}${apart}`,
    ...(changes.length > 0 ? changes : ['Nothing has changed']),
    ...(truncated ? ['… and more'] : []),
  ].join('\n')
}

/** Throws UsageError; looked at before the computer is asked for. */
export function checkGit([name = '', ...paths]: readonly string[], options: GitOptions): Act {
  const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined
  if (!act) throw new UsageError(`git wants one of ${Object.keys(ACTS).join(', ')}`)
  const all = ['staged', 'limit', 'after', 'message', 'remote', 'branch'] as const
  const foreign = all.find((option) => options[option] !== undefined && !act.takes.includes(option))
  if (foreign) throw new UsageError(`git ${name} has no option --${foreign}`)
  if (paths.length > act.paths) throw new UsageError(`git ${name} takes ${act.paths === 0 ? 'no path' : 'fewer paths'}`)
  return act
}

export async function git(subject: Subject, options: GitOptions, words: readonly string[]): Promise<number> {
  try {
    await checkGit(words, options).run(subject, options, words.slice(1))
    return EXIT_OK
  } catch (error) {
    const data = error instanceof CallFailure && error.code === 'git-failed' ? (error.data as { stderr?: unknown }) : {}
    if (typeof data?.stderr === 'string' && !subject.json) subject.io.err(safeText(data.stderr).trimEnd())
    throw error
  }
}
