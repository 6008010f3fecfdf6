// The witness of profile P in Deno: files in a folder that belongs to one run of the machine, which no copy of the
// state carries along and no backup brings back (session.persist.witness).

import { concat, copy, u64 } from '../crypto/bytes.ts'
import type { Witness } from '../session/kept-session.ts'

const SESSION_ID = 16
const SIZE = SESSION_ID + 8

/** The folder, where the system has one: that of the login or of the service; undefined where it has none. */
export function witnessFolder(env: (name: string) => string | undefined): string | undefined {
  const own =
    env('XDG_RUNTIME_DIR') ??
    env('RUNTIME_DIRECTORY') ??
    (Deno.build.os === 'linux' ? undefined : (env('TMPDIR') ?? env('TEMP')))
  return own === undefined || own === '' ? undefined : `${own.replace(/\/+$/, '')}/happy-remote`
}

/** `folder` is made where it is not there. Throws where others may use it. */
export async function openWitness(folder: string): Promise<Witness> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode, uid } = await Deno.stat(folder)
  const own = Deno.build.os === 'windows' ? null : Deno.uid()
  if (own !== null && (uid !== own || ((mode ?? 0) & 0o077) !== 0)) {
    throw new Error(`Cannot keep sessions: others may use ${folder}`)
  }
  return {
    async newest(name) {
      let bytes: Uint8Array
      try {
        bytes = await Deno.readFile(`${folder}/${name}`)
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined
        throw error
      }
      if (bytes.length !== SIZE) return undefined
      const generation = Number(new DataView(bytes.buffer).getBigUint64(SESSION_ID))
      return { sessionId: copy(bytes.subarray(0, SESSION_ID)), generation }
    },
    async note(name, { sessionId, generation }) {
      const draft = `${folder}/${name}.new`
      await Deno.writeFile(draft, concat(sessionId, u64(generation)), { mode: 0o600 })
      await Deno.rename(draft, `${folder}/${name}`)
    },
    async forget(name) {
      await Deno.remove(`${folder}/${name}`).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error
      })
    },
  }
}
