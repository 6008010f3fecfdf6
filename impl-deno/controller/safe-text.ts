// What comes from an agent, an assistant or a device is data: nothing in it moves the cursor or hides
// other text (rpc.show.data).

const ESCAPE = String.raw`\u001b`
const BELL = String.raw`\u0007`
/** Escape sequences go as a whole, so that their letters do not stay behind: CSI, OSC, other strings, and the rest. */
const SEQUENCES = new RegExp(
  [
    `${ESCAPE}\\[[0-?]*[ -/]*[@-~]`,
    `${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?`,
    `${ESCAPE}[PX^_][^${ESCAPE}]*(?:${ESCAPE}\\\\)?`,
    `${ESCAPE}.?`,
  ].join('|'),
  'gsu',
)
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const SELECTOR = String.raw`[\ufe0e\ufe0f]`
const PICTURE = String.raw`\p{Extended_Pictographic}(?:${SELECTOR}|\p{Emoji_Modifier})?`
/** Emoji of several characters: joined ones, keycaps and the like, and the three flags whose letters are tags. */
const EMOJI = [
  String.raw`${PICTURE}(?:\u200d${PICTURE})+`,
  String.raw`\p{Emoji}${SELECTOR}`,
  String.raw`\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}`,
]
/** Scripts whose letters a joiner between them joins or parts, as Persian spells many words. */
const LETTER = `[${['Arabic', 'Bengali', 'Devanagari', 'Gujarati', 'Gurmukhi', 'Kannada', 'Malayalam', 'Oriya', 'Sinhala', 'Syriac', 'Tamil', 'Telugu'].map((script) => `\\p{Script=${script}}`).join('')}]`
const JOINER = String.raw`(?<=${LETTER})[\u200c\u200d](?=${LETTER})`
/** What is hidden, which of emoji and of some letters is a part of what is seen. */
const SEEN_OR_HIDDEN = new RegExp(
  String.raw`(${[...EMOJI, JOINER].join('|')})|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|${SELECTOR}`,
  'gu',
)

/** Text of several lines: line ends and tabs stay. */
export const safeText = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replaceAll(SEQUENCES, '')
    .replaceAll(SEEN_OR_HIDDEN, (one, seen?: string) => seen ?? (one === '\n' || one === '\t' ? one : ''))

/** Text of one line. */
export const safeLine = (text: string): string => safeText(text).replaceAll(/[\n\t]+/g, ' ')

/** The exact input of a permission request: what cannot be seen is shown as `\u…`. */
export const exactText = (text: string): string =>
  text.replaceAll(HIDDEN, (one) =>
    [...one].map((c) => `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`).join(''),
  )
