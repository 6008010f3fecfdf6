import type { Handlers } from '../caller.ts'
import type { Files } from '../files.ts'

export const fileMethods = (files: Files): Pick<Handlers, 'file.read' | 'file.list' | 'file.stat'> => ({
  'file.read': (params) => ({ result: files.read(params) }),
  'file.list': async (params) => ({ result: await files.list(params) }),
  'file.stat': (params) => ({ result: files.stat(params) }),
})
