// What is shown where the store of this device is not open.

import { texts } from '../texts.ts'

const { doors } = texts

export const Opening = () => (
  <main class="door">
    <p role="status">{doors.opening}</p>
  </main>
)

export const Elsewhere = ({ take }: { take: () => void }) => (
  <main class="door">
    <h1>{doors.elsewhere}</h1>
    <p>{doors.elsewhereAbout}</p>
    <button type="button" class="button primary" onClick={take}>
      {doors.takeOver}
    </button>
  </main>
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
