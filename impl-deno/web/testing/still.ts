// Keeps what a picture shows the same from run to run: made-up ids, addresses and ages in the place of real ones, and the
// type of one phone instead of whatever this machine has.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContext } from 'playwright-core'

const ID = 'q7m3kx5tw2v4znacjfy6pbrh7e'

/** What varies, and what stands in its place. */
const MASKS: readonly (readonly [varies: string, instead: string])[] = [
  // Behind the hd1, which is a text of its own.
  ['^[a-z2-7]{26}$', ID],
  ['ws://127\\.0\\.0\\.1:\\d+', 'wss://relay.example.org'],
  ['/tmp/happy-remote-tour-\\w+/tidepool', '/home/ada/tidepool'],
  ['last heard (just now|\\d+ (s|min) ago)', 'last heard 2 h ago'],
  ['last used (just now|\\d+ (s|min) ago)', 'last used 4 min ago'],
  ['heard \\d+ (s|min) ago', 'heard just now'],
  ['^folder, (just now|\\d+ (s|min) ago)', 'folder, 20 h ago'],
  ['Committed as [0-9a-f]{8}', 'Committed as 3f9c2a71'],
  ['^[0-9a-f]{40}$', '3f9c2a7104d6be8f5a90c1d27e63b84f05c9d1ea'],
  ['^\\d+/\\d+/\\d{4}, \\d+:\\d\\d:\\d\\d [AP]M$', '11/4/2026, 9:41:00 AM'],
  ['for \\d+ s;', 'for 2 s;'],
]

const FONTS = [
  { family: 'Roboto', variable: '--sans', package: '@fontsource-variable/roboto', file: 'roboto-latin-wght-normal' },
  {
    family: 'Roboto Mono',
    variable: '--mono',
    package: '@fontsource-variable/roboto-mono',
    file: 'roboto-mono-latin-wght-normal',
  },
]

const bytesOf = ({ package: name, file }: (typeof FONTS)[number]): string =>
  readFileSync(createRequire(import.meta.url).resolve(`${name}/files/${file}.woff2`)).toString('base64')

export async function keepStill(context: BrowserContext): Promise<void> {
  await context.addInitScript((masks) => {
    const rules = masks.map(([varies, instead]) => [new RegExp(varies, 'g'), instead] as const)
    const digits = ['482', '913']
    const still = (node: Node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        const own = node as Text
        const parent = own.parentElement
        let text = own.data
        for (const [varies, instead] of rules) text = text.replace(varies, instead)
        if (parent?.parentElement?.classList.contains('digits')) text = digits[parent.previousSibling ? 1 : 0] ?? ''
        if (text !== own.data) own.data = text
      } else for (const child of node.childNodes) still(child)
    }
    new MutationObserver((changes) => {
      for (const { type, target, addedNodes } of changes) {
        if (type === 'characterData') still(target)
        else for (const node of addedNodes) still(node)
      }
    }).observe(document, { subtree: true, childList: true, characterData: true })
  }, MASKS)
  await context.addInitScript(
    (fonts) => {
      const rules = new CSSStyleSheet()
      rules.replaceSync(`:root { ${fonts.map(({ family, variable }) => `${variable}: "${family}"`).join('; ')} }`)
      // Behind the style sheets of the page, which say it, too.
      document.adoptedStyleSheets = [rules]
      for (const { family, bytes } of fonts) {
        const font = new FontFace(
          family,
          Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0)),
          {
            weight: '100 900',
          },
        )
        document.fonts.add(font)
        void font.load()
      }
    },
    FONTS.map((font) => ({ ...font, bytes: bytesOf(font) })),
  )
}
