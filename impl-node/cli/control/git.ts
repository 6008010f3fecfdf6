// `control git`: the repository of the workspace.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { EXIT, UsageError } from '../command.ts'
import { exactText, safeLine, safeText } from '../safe-text.ts'
import type { Sub, SubContext } from './sub.ts'

const LIMIT = 20

type Act = (context: SubContext, paths: readonly string[]) => Promise<void>
interface GitSub {
  readonly options: readonly string[]
  readonly takesPaths: 'none' | 'one' | 'commit and one' | 'several'
  readonly run: Act
}

/** The beginning of the name of a commit. */
const COMMIT = /^[0-9a-f]{7,64}$/

async function writePatch(output: SubContext['output'], { diff, truncated }: Result<'git.diff'>): Promise<void> {
  await output.write(safeText(diff))
  if (truncated) output.note('The rest was too much for one answer; name a file.')
}

function statusLines({ branch, head, upstream, ahead = 0, behind = 0, entries, truncated }: Result<'git.status'>) {
  const there = upstream && ` of ${safeLine(upstream, 100)}`
  const apart = [ahead > 0 && `${ahead} ahead`, behind > 0 && `${behind} behind`].filter(Boolean).join(', ')
  return [
    `${branch === null ? 'No branch' : `On ${safeLine(branch, 100)}`}${head ? ` at ${head.slice(0, 8)}` : ', no commit yet'}${apart ? `, ${apart}${there}` : ''}`,
    ...entries.map(({ path, from, index, worktree, conflict }) => {
      const names = `${from ? `${exactText(from)} -> ` : ''}${exactText(path)}`
      return `${safeLine(index + worktree)} ${names}${conflict ? '   (conflict)' : ''}`
    }),
    ...(entries.length === 0 ? ['Nothing has changed.'] : []),
    ...(truncated ? ['… and more'] : []),
  ]
}

const subs: Readonly<Record<string, GitSub>> = {
  status: {
    options: [],
    takesPaths: 'none',
    async run({ controller, say }) {
      const result = await controller.call('git.status', {})
      say(statusLines(result).join('\n'), { event: 'status', ...result })
    },
  },
  diff: {
    options: ['staged'],
    takesPaths: 'one',
    async run({ controller, say, output, flags, json }, [path]) {
      const staged = flags.staged === true
      const result = await controller.call('git.diff', { staged, ...(path !== undefined && { path }) })
      if (json) say('', { event: 'diff', ...result })
      else await writePatch(output, result)
    },
  },
  show: {
    options: [],
    takesPaths: 'commit and one',
    async run({ controller, say, output, json }, [commit = '', path]) {
      if (!COMMIT.test(commit)) throw new UsageError('git show wants a commit: 7 hex digits of its name, or more.')
      const result = await controller.call('git.show', { commit, ...(path !== undefined && { path }) })
      if (json) say('', { event: 'show', ...result })
      else await writePatch(output, result)
    },
  },
  log: {
    options: ['limit', 'after'],
    takesPaths: 'none',
    async run({ controller, say, output, flags, json }) {
      const limit = Number(flags.limit ?? LIMIT)
      if (!Number.isInteger(limit) || limit < 1 || limit > 100)
        throw new UsageError('--limit is a number from 1 to 100.')
      const after = flags.after as string | undefined
      const { commits, more } = await controller.call('git.log', { limit, ...(after !== undefined && { after }) })
      for (const commit of commits) {
        const { sha, at, author, message } = commit
        const day = new Date(at).toISOString().slice(0, 10)
        const [subject = ''] = message.split('\n')
        say(`${sha.slice(0, 8)} ${day} ${safeLine(author, 24)}: ${safeLine(subject, 100)}`, {
          event: 'commit',
          ...commit,
        })
      }
      const last = commits.at(-1)?.sha
      if (more && last && json) say('', { event: 'more', after: last })
      else if (more && last) output.note(`More behind --after ${last}`)
    },
  },
  commit: {
    options: ['message'],
    takesPaths: 'several',
    async run({ controller, say, flags }, paths) {
      const message = flags.message as string | undefined
      if (message === undefined || message.trim() === '') throw new UsageError('git commit wants --message <text>.')
      const { sha } = await controller.call('git.commit', { message, ...(paths.length > 0 && { paths: [...paths] }) })
      say(`Committed ${sha.slice(0, 8)}.`, { event: 'committed', sha })
    },
  },
  push: {
    options: ['remote', 'branch'],
    takesPaths: 'none',
    async run({ controller, say, output, flags, json }) {
      const { remote, branch } = flags as { remote?: string; branch?: string }
      const named = { ...(remote !== undefined && { remote }), ...(branch !== undefined && { branch }) }
      const result = await controller.call('git.push', named)
      if (!json && result.output !== '') output.note(safeText(result.output).trimEnd())
      const sentence = `Pushed ${safeLine(result.branch, 100)} to ${safeLine(result.remote, 100)}.`
      say(sentence, { event: 'pushed', ...result })
    },
  },
}

function subOf([word, ...words]: readonly string[], { flags, behind }: SubContext): [GitSub, readonly string[]] {
  const sub = word !== undefined && Object.hasOwn(subs, word) ? subs[word] : undefined
  if (!sub) throw new UsageError(`git wants one of ${Object.keys(subs).join(', ')}.`)
  const foreign = Object.keys(git.options).find((name) => flags[name] !== undefined && !sub.options.includes(name))
  if (foreign) throw new UsageError(`There is no option --${foreign} for "control git ${word}".`)
  const paths = [...words, ...(behind ?? [])]
  const most = { none: 0, one: 1, 'commit and one': 2, several: 1_000 }[sub.takesPaths]
  if (paths.length > most) throw new UsageError(`git ${word} takes ${most === 0 ? 'no path' : 'fewer paths'}.`)
  return [sub, paths]
}

export const git: Sub = {
  name: 'git',
  usage:
    'git status | git diff [<path>] | git log | git show <commit> [<path>] | git commit --message <text> [<path>…] | git push',
  summary: 'what has changed in the workspace; commit it, and with the right `git.push` push it',
  details: `  --staged          diff: what is staged
  --limit <number>  log: at most so many commits; default ${LIMIT}
  --after <sha>     log: those behind this one
  -m, --message     commit: its message. With paths they are committed as they
                    are, new and deleted files among them; else what is staged
  --remote <name>   push: to this remote
  --branch <name>   push: this branch

A path that begins with - stands behind --.

JSON: status {branch, head, upstream?, ahead?, behind?, entries, truncated},
diff {diff, truncated}, show {sha, diff, truncated}, commit {sha, parents, author, email, at, message} for
each, more {after}, committed {sha}, pushed {remote, branch, output}.

Exit codes: 0 done, 1 git refused, and said why on standard error.
`,
  options: {
    staged: { type: 'boolean' },
    limit: { type: 'string' },
    after: { type: 'string' },
    message: { type: 'string', short: 'm' },
    remote: { type: 'string' },
    branch: { type: 'string' },
  },
  async run(context) {
    const [sub, paths] = subOf(context.words, context)
    try {
      await sub.run(context, paths)
    } catch (error) {
      const said = error instanceof ProtocolError && error.code === 'git-failed' && (error.data as { stderr?: unknown })
      if (said && typeof said.stderr === 'string' && !context.json) context.output.note(safeText(said.stderr).trimEnd())
      throw error
    }
    return EXIT.ok
  },
}
