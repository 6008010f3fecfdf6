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

/** Text of several lines: line ends and tabs stay. */
export const safeText = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replaceAll(SEQUENCES, '')
    .replaceAll(HIDDEN, (one) => (one === '\n' || one === '\t' ? one : ''))

/** Text of one line. */
export const safeLine = (text: string): string => safeText(text).replaceAll(/[\n\t]+/g, ' ')

/** The exact input of a permission request: what cannot be seen is shown as `\u…`. */
export const exactText = (text: string): string =>
  text.replaceAll(HIDDEN, (one) =>
    [...one].map((c) => `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`).join(''),
  )
