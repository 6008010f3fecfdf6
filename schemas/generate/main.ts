// node schemas/generate/main.ts [--check]: writes schemas/dist, or compares it with the declarations.

import { join } from 'node:path'
import { emitAsProgram, type Files } from './emit.ts'
import { distFiles } from './files.ts'

const below = (folder: string, files: Files): Files =>
  new Map([...files].map(([path, text]) => [`${folder}/${path}`, text]))

export const emitDist = (): void =>
  emitAsProgram('schemas/dist', join(import.meta.dirname, '..'), below('dist', distFiles()), ['dist'])

if (import.meta.main) emitDist()
