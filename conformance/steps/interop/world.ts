// What the steps of one interop scenario share. Its steps are loaded without those of the other scenarios, so
// that the same words may mean a scripted peer there and a real program here.

import { After, setDefaultTimeout, setWorldConstructor, World } from '@cucumber/cucumber'
import { Transcript } from '../../peers/transcript.ts'
import { type Parameters, TRANSCRIPT_TYPE } from '../parameters.ts'
import { Cell } from './cell.ts'

export class InteropWorld extends World<Parameters> {
  readonly #transcript = new Transcript()
  readonly cell = new Cell(this.parameters, this.#transcript)

  /** Ends everything that the scenario began. */
  async end(): Promise<void> {
    try {
      await this.cell.end()
    } finally {
      this.attach(String(this.#transcript), TRANSCRIPT_TYPE)
    }
  }
}

setWorldConstructor(InteropWorld)
setDefaultTimeout(180_000)

After(async function (this: InteropWorld) {
  await this.end()
})
