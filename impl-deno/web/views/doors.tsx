// What is shown where the store of this device is not open, or is open in another tab.

import { texts } from '../texts.ts'

const { doors } = texts

export const Opening = () => (
  <main class="door">
    <p role="status">{doors.opening}</p>
  </main>
)

/** Of a tab that follows another one, in the place of what only the other one can show. */
export const Elsewhere = ({ about, take }: { about: string; take: () => void }) => (
  <section class="door">
    <h2>{doors.elsewhere}</h2>
    <p>{about}</p>
    <button type="button" class="button primary" onClick={take}>
      {doors.takeOver}
    </button>
  </section>
)

export const Unusable = ({ why, again }: { why: string; again: () => void }) => (
  <main class="door">
    <h1>{doors.unusable}</h1>
    <p>{isSecureContext ? doors.unusableAbout : doors.insecure}</p>
    <p class="quiet">{doors.code(why)}</p>
    <button type="button" class="button primary" onClick={again}>
      {doors.again}
    </button>
  </main>
)
