import type { Handlers } from '../caller.ts'
import { decoded } from '../content.ts'
import { Files } from '../files.ts'
import type { Uploads } from '../uploads.ts'
import { FileWriter } from '../write-file.ts'

type Names = 'file.read' | 'file.list' | 'file.stat' | 'file.write' | 'file.upload'

/** `workspace` is a real path. */
export function fileMethods(workspace: string, uploads: Uploads): Pick<Handlers, Names> {
  const files = new Files(workspace)
  const writer = new FileWriter(workspace, uploads)
  return {
    'file.read': (params) => ({ result: files.read(params) }),
    'file.list': async (params) => ({ result: await files.list(params) }),
    'file.stat': (params) => ({ result: files.stat(params) }),
    'file.write': async (params, { device }) => ({ result: await writer.write(params, device) }),
    'file.upload': ({ upload, offset, data }, { device }) => ({
      result: { offset: uploads.take(device, upload, offset, decoded(data, 'base64url')) },
    }),
  }
}
