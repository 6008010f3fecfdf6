// The witness of profile P: how far each stored session has come, told where a copy of the state folder
// that is put back cannot bring an older answer with it (session.persist.witness).

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, uint } from '../crypto/primitives.ts'

/** The newest state of a pairing's session. */
export interface Progress {
  readonly sessionId: Uint8Array
  readonly generation: number
}

export interface Witness {
  /** Null where it knows nothing of this pairing. */
  newest(name: string): Progress | null
  note(name: string, progress: Progress): void
  /** From now on it knows nothing of this pairing. */
  forget(name: string): void
}

const SESSION_ID = 16
const SIZE = SESSION_ID + 8

/**
 * Files in a folder that no backup holds and that does not outlive the machine's run. `folder` is made if need
 * be. Throws where others may write to it.
 */
export function fileWitness(folder: string): Witness {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = statSync(folder)
  if (process.getuid && (uid !== process.getuid() || (mode & 0o077) !== 0)) {
    throw new Error(`Cannot keep sessions: others may use ${folder}, where their newest generations stand.`)
  }
  return {
    newest(name) {
      let bytes: Buffer
      try {
        bytes = readFileSync(join(folder, name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
      if (bytes.length !== SIZE) return null
      const sessionId = new Uint8Array(bytes.subarray(0, SESSION_ID))
      return { sessionId, generation: Number(bytes.readBigUInt64BE(SESSION_ID)) }
    },
    note(name, { sessionId, generation }) {
      const draft = join(folder, `${name}.new`)
      writeFileSync(draft, concat(sessionId, uint(64, generation)), { mode: 0o600 })
      renameSync(draft, join(folder, name))
    },
    forget(name) {
      rmSync(join(folder, name), { force: true })
    },
  }
}

/** Where the system has such a folder: on Linux that of the login, elsewhere the user's own temporary one. Null where it has none. */
export function witnessFolder(env: NodeJS.ProcessEnv): string | null {
  const runtime = env.XDG_RUNTIME_DIR ?? env.RUNTIME_DIRECTORY
  if (runtime?.startsWith('/')) return join(runtime, 'happy-remote')
  return process.platform === 'linux' ? null : join(tmpdir(), 'happy-remote')
}
