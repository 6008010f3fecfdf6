// Profile P: the current session of a pairing, stored at each step, so that the next run of the program
// goes on with it (spec/session.md, Profile P). Whoever puts an older copy of the state back would make
// message keys serve twice; so a state is used only where the witness knows of no newer one.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bytes, concat, copy, equal, toHex, u32, u64 } from '../crypto/bytes.ts'
import type { Clock } from './clock.ts'
import { decodeImage } from './image.ts'
import type { Role } from './message.ts'
import { Session } from './session.ts'

/** How far the session of a pairing has come. */
export interface Progress {
  readonly sessionId: Uint8Array
  readonly generation: number
}

/** What a platform gives for `session.persist.witness`: a place that goes with no copy of the state. */
export interface Witness {
  newest(name: string): Promise<Progress | undefined>
  note(name: string, progress: Progress): Promise<void>
  /** It knows nothing of this name from now on. */
  forget(name: string): Promise<void>
}

/** Where the record of type 4 stands. */
export interface SessionPlace {
  read(): Bytes | undefined
  write(generation: number, content: Uint8Array): Promise<void>
  remove(): Promise<void>
  putAside(): Promise<void>
}

/** `startedAt`, then `nextStream`, before the image. */
const HEAD = 12

export class KeptSession {
  readonly #place: SessionPlace
  readonly #witness: Witness
  readonly #role: Role
  readonly #name: string
  #givenUp = false

  /** Both ends of a pairing may be on one machine, hence the role in the name. */
  constructor(place: SessionPlace, witness: Witness, role: Role, pairingId: Uint8Array) {
    this.#place = place
    this.#witness = witness
    this.#role = role
    this.#name = `${role}-${toHex(pairingId)}`
  }

  /** The session to go on with; undefined where there is none, or where it cannot be told to be the newest. */
  async load(clock: Clock): Promise<Session | undefined> {
    const content = this.#place.read()
    if (!content) return undefined
    try {
      if (content.length < HEAD)
        throw new ProtocolError('state-corrupt', 'Cannot read a stored session: it is too short')
      const view = new DataView(content.buffer, content.byteOffset)
      const image = copy(content.subarray(HEAD))
      const { sessionId, generation } = decodeImage(image)
      const age = Math.max(0, clock.wall() - Number(view.getBigUint64(0)))
      const past = { clock, startedAt: clock.monotonic() - age, nextStream: view.getUint32(8) }
      const session = await Session.load(image, past)
      if (session.role !== this.#role) throw new ProtocolError('state-corrupt', 'Cannot use a session of another role')
      const newest = await this.#witness.newest(this.#name).catch(() => undefined)
      // session.persist.witness
      if (newest && equal(newest.sessionId, sessionId) && generation >= newest.generation) return session
      await session.erase()
      await this.#place.remove()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // session.state.corrupt
      await this.#place.putAside()
    }
    return undefined
  }

  /**
   * Stores the state and then tells the witness. Where either fails the other forgets it, and the session goes on in
   * memory alone. Rejects only where neither can be done.
   */
  async save(session: Session, image: Uint8Array, clock: Clock): Promise<void> {
    if (this.#givenUp) return
    const { sessionId, generation } = decodeImage(image)
    const startedAt = clock.wall() - (clock.monotonic() - session.startedAt)
    const head = concat(u64(Math.max(0, Math.round(startedAt))), u32(session.nextStream))
    try {
      // session.persist.generation
      await this.#place.write(generation, concat(head, image))
      await this.#witness.note(this.#name, { sessionId, generation })
    } catch {
      this.#givenUp = true
      await this.#witness.forget(this.#name).catch(() => this.#place.remove())
    }
  }
}
