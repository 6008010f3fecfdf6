// Why something about a file did not work, as a sentence.

import type { CallFailure } from '../../../controller/failure.ts'
import { errorText, texts } from '../../texts.ts'

const words = texts.files

export function fileFailure(error: unknown): string {
  const { code = '', data } = error as Partial<CallFailure>
  // Where this device lacks the right the answer names it (rpc.file.denied).
  if (code === 'forbidden' && (data as { capability?: unknown } | undefined)?.capability) return words.noRight
  return words.failures[code] ?? words.failed(errorText(error))
}

export const Trouble = ({ text }: { text: string | undefined }) =>
  text === undefined ? null : (
    <p class="trouble" role="alert">
      {text}
    </p>
  )
