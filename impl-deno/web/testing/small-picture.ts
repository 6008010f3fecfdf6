// A PNG in a third of its bytes, for few colours are on a screen of this page.

import { execFileSync } from 'node:child_process'

const COLOURS = '96'

/** Throws one clear line where the program for it is missing. */
export function smallPicture(png: Uint8Array): Uint8Array {
  try {
    return execFileSync('pngquant', ['--strip', '--quality', '60-95', COLOURS, '-'], { input: png })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('Pictures need pngquant, which is not here (Debian: apt-get install pngquant)')
  }
}
