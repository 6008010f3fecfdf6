// What concerns the whole page: there is no network, or a newer release of it.

import { hasNetwork } from '../app/network.ts'
import { isNewer, takeNewer } from '../app/release.ts'
import type { Household } from '../state/household.ts'
import { Following } from '../state/tabs/following.ts'
import { texts } from '../texts.ts'

const words = texts.notices

export function Notices({ home }: { home: Household }) {
  // A relay on the same machine needs none.
  const isCutOff = !hasNetwork.value && !home.agents.value.some(({ presence }) => presence.value.online)
  return (
    <div class="notices" role="status">
      {isCutOff && <p class="notice-bar">{words.noNetwork}</p>}
      {home instanceof Following && !home.isAnswered.value && (
        <p class="notice-bar">
          {words.silentTab}{' '}
          <button type="button" class="button small" onClick={home.takeOver}>
            {texts.doors.takeOver}
          </button>
        </p>
      )}
      {isNewer.value && (
        <p class="notice-bar">
          {words.newer}{' '}
          <button type="button" class="button small" onClick={takeNewer}>
            {words.reload}
          </button>
        </p>
      )}
    </div>
  )
}
