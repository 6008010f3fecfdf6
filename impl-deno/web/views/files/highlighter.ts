// Loaded when the first file is opened: which language a file is in, by its name, and its text as a tree.

import type { Root } from 'hast'
import { common, createLowlight } from 'lowlight'

const lowlight = createLowlight(common)
lowlight.registerAlias({ javascript: ['mjs', 'cjs'], typescript: ['mts', 'cts'], json: ['jsonl', 'webmanifest'] })

/** Undefined where the language is not known. */
export function highlight(text: string, name: string): Root | undefined {
  const [, ending = ''] = /([^.]*)$/.exec(name.toLowerCase()) ?? []
  return lowlight.registered(ending) ? lowlight.highlight(ending, text) : undefined
}
