// A text that may be longer than anybody wants to scroll through: its beginning, and the rest at a touch.

import { useState } from 'preact/hooks'
import { safeText } from '../../../controller/safe-text.ts'
import { texts } from '../../texts.ts'
import { cutOf } from './cut.ts'

export function LongText({ text, class: name }: { text: string; class: string }) {
  const [isWhole, setWhole] = useState(false)
  const cut = isWhole ? text.length : cutOf(text)
  const isCut = cut < text.length
  return (
    <>
      <p class={name}>
        {safeText(text.slice(0, cut))}
        {isCut && '…'}
      </p>
      {isCut && (
        <button type="button" class="button small" onClick={() => setWhole(true)}>
          {texts.talk.whole(texts.size(new Blob([text]).size))}
        </button>
      )}
    </>
  )
}
