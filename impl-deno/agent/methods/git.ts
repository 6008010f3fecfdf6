import type { Handlers } from '../caller.ts'
import type { Repository } from '../git/repository.ts'

type Names = 'git.status' | 'git.diff' | 'git.log' | 'git.show' | 'git.commit' | 'git.push'

export const gitMethods = (repository: Repository): Pick<Handlers, Names> => ({
  'git.status': async () => ({ result: await repository.status() }),
  'git.diff': async (params) => ({ result: await repository.diff(params) }),
  'git.log': async (params) => ({ result: await repository.log(params) }),
  'git.show': async (params) => ({ result: await repository.show(params) }),
  'git.commit': async (params) => ({ result: await repository.commit(params) }),
  'git.push': async (params) => ({ result: await repository.push(params) }),
})
