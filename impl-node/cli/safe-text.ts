// Text that came from elsewhere, made fit for the own screen. Everything that an agent, an assistant or
// a device sends is data: escape sequences reach only a terminal emulator (`control term`).

import { stripVTControlCharacters } from 'node:util'

/** Control characters but line feed and tab: C0, DEL and C1. */
const CONTROLS = /[^\P{Cc}\n\t]/gu
/** Override, embed or isolate directions: they would reorder what stands around them. */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/gu
/** Whatever is not seen, or not seen for what it is. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** Without escape sequences and control characters; line feeds and tabs stay, a carriage return ends a line. */
export function safeText(text: string): string {
  const lines = text.replace(/\r+\n|\r/gu, '\n')
  return stripVTControlCharacters(lines).replace(CONTROLS, '').replace(DIRECTIONS, '').toWellFormed()
}

/** The same in one line, for names and titles; `max` is in characters. */
export function safeLine(text: string, max = 200): string {
  const line = safeText(text).replace(/\s+/gu, ' ').trim()
  const characters = [...line]
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : line
}

/**
 * Every character, those that cannot be seen as `\u…`: what is to be allowed is shown whole, so that
 * nothing in it hides or poses as something else.
 */
export function exactText(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = (character.codePointAt(0) as number).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}
