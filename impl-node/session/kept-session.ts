// Profile P: the current session of one pairing, stored at each step so that a restart goes on with it
// (spec/session.md, Profile P). What is stored may be older than what was used, where somebody put a copy
// back; so nothing is loaded that the witness does not know as the newest.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { concat, equal, uint } from '../crypto/primitives.ts'
import type { PairingRecord } from './record.ts'
import { Session } from './session.ts'
import { exportState, importState } from './state-image.ts'
import type { Store } from './store.ts'
import type { Witness } from './witness.ts'

export interface SessionKeeper {
  /** The stored session, null where there is none that may be used. `now` is ms since 1970. */
  load(now: number): Session | null
  /** Durable when it returns, or given up for good: a state that was not stored is never loaded in the place of a newer one. */
  save(session: Session): void
}

/** Bytes before the image: when the session began, and its next stream id. */
const PREFIX = 12

export interface KeeperOptions {
  readonly store: Pick<Store, 'loadSession' | 'saveSession' | 'removeSession' | 'putAsideSession'>
  readonly witness: Witness
  readonly record: Pick<PairingRecord, 'pairingId' | 'role'>
  readonly log: (message: string, detail: Record<string, unknown>) => void
}

/** Both ends of a pairing may live on one machine, with one witness. */
const nameOf = ({ role, pairingId }: KeeperOptions['record']): string =>
  `${role}-${Buffer.from(pairingId).toString('hex')}`

export function keepSession({ store, witness, record, log }: KeeperOptions): SessionKeeper {
  const { pairingId, role } = record
  const name = nameOf(record)
  let isGivenUp = false

  const discard = (why: string): null => {
    log('a stored session is not used', { why })
    store.removeSession(pairingId)
    return null
  }

  /** One of the two has to go: either alone keeps the stored state from being used. */
  const giveUp = (error: unknown) => {
    isGivenUp = true
    log('the session is kept in memory only from now on', { error })
    try {
      witness.forget(name)
    } catch {
      store.removeSession(pairingId)
    }
  }

  return {
    load(now) {
      const content = store.loadSession(pairingId)
      if (!content) return null
      const known = witness.newest(name)
      try {
        const view = new DataView(content.buffer, content.byteOffset, content.length)
        if (content.length < PREFIX) throw new ProtocolError('state-corrupt')
        // session.persist.load
        const { ratchet, generation } = importState(content.subarray(PREFIX), now)
        const { state } = ratchet
        if (state.role !== role) throw new ProtocolError('state-corrupt')
        // session.persist.witness
        if (!known) return discard('nothing tells that it is the newest')
        if (!equal(known.sessionId, state.sessionId) || generation < known.generation) {
          return discard('it is not the newest')
        }
        const startedAt = Number(view.getBigUint64(0))
        return Session.loaded(ratchet, { startedAt, generation, nextStream: view.getUint32(8) })
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        // session.state.corrupt
        store.putAsideSession(pairingId)
        log('a stored session is damaged and was put aside', {})
        return null
      }
    },
    save(session) {
      if (isGivenUp) return
      const { ratchet, generation, startedAt, nextStream } = session
      const { sessionId } = ratchet.state
      try {
        // session.persist.generation
        const image = exportState(ratchet.state, generation)
        store.saveSession(pairingId, generation, concat(uint(64, startedAt), uint(32, nextStream), image))
        witness.note(name, { sessionId, generation })
      } catch (error) {
        giveUp(error)
      }
    },
  }
}
