import { listFolder, readPiece, statPath } from '../files.ts'
import type { Handlers } from '../handler.ts'

export const fileHandlers = (workspace: string): Pick<Handlers, 'file.read' | 'file.list' | 'file.stat'> => ({
  'file.read': (params) => readPiece(workspace, params),
  'file.list': (params) => listFolder(workspace, params),
  'file.stat': (params) => statPath(workspace, params),
})
