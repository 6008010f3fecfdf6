import { listFolder, readPiece, statPath } from '../files.ts'
import type { Handlers } from '../handler.ts'
import type { Uploads } from '../uploads.ts'
import { FileWriter } from '../write-file.ts'

type FileMethod = 'file.read' | 'file.list' | 'file.stat' | 'file.write' | 'file.upload'

export function fileHandlers(workspace: string, uploads: Uploads): Pick<Handlers, FileMethod> {
  const writer = new FileWriter({ workspace, uploads })
  return {
    'file.read': (params) => readPiece(workspace, params),
    'file.list': (params) => listFolder(workspace, params),
    'file.stat': (params) => statPath(workspace, params),
    'file.write': (params, { deviceId }) => writer.write(params, deviceId),
    'file.upload': (params, { deviceId }) => uploads.accept(deviceId, params),
  }
}
