// What is shown where the store of this device is not open, or is open in another tab.

import { texts } from '../texts.ts'
import { Mark } from './mark.tsx'

const { doors } = texts

export const Opening = () => (
  <main class="door">
    <Mark />
    <p role="status">{doors.opening}</p>
  </main>
)

interface ElsewhereProps {
  readonly about: string
  readonly take: () => void
  /** Nothing else is the heading of the page. */
  readonly isAlone?: boolean
}

/** Of a tab that follows another one, in the place of what only the other one can show. */
export const Elsewhere = ({ about, take, isAlone = false }: ElsewhereProps) => (
  <section class="door">
    <Mark />
    {isAlone ? <h1>{doors.elsewhere}</h1> : <h2>{doors.elsewhere}</h2>}
    <p>{about}</p>
    <button type="button" class="button primary" onClick={take}>
      {doors.takeOver}
    </button>
  </section>
)

export const Unusable = ({ why, again }: { why: string; again: () => void }) => (
  <main class="door">
    <Mark />
    <h1>{doors.unusable}</h1>
    <p>{isSecureContext ? doors.unusableAbout : doors.insecure}</p>
    <p class="quiet">{doors.code(why)}</p>
    <button type="button" class="button primary" onClick={again}>
      {doors.again}
    </button>
  </main>
)
