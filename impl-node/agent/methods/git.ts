import type { Git } from '../git.ts'
import type { Handlers } from '../handler.ts'

type GitMethod = 'git.status' | 'git.diff' | 'git.log' | 'git.show' | 'git.commit' | 'git.push'

export const gitHandlers = (git: Git): Pick<Handlers, GitMethod> => ({
  'git.status': () => git.status(),
  'git.diff': (params) => git.diff(params),
  'git.log': (params) => git.log(params),
  'git.show': (params) => git.show(params),
  'git.commit': (params) => git.commit(params),
  'git.push': (params) => git.push(params),
})
