// Faults of a controller that follows the journal.

import type { EndpointMutant } from '../mutant.ts'
import { controller } from './fault.ts'

const JOURNAL = 'controller/journal'

export const controllerJournal: readonly EndpointMutant[] = [
  controller(
    'journal-twice',
    'takes what came live once more from the page',
    ['rpc.journal.once'],
    JOURNAL,
    'if (entry.seq === this.#position.seq + 1) this.#take(',
    'if (entry.seq > 0) this.#take(',
  ),
  controller(
    'journal-hole-ignored',
    'goes on behind a hole as if there were none',
    ['rpc.journal.hole'],
    JOURNAL,
    'if (seq === this.#position.seq + 1) {',
    'if (seq > this.#position.seq) {',
  ),
  controller(
    'journal-lost-untold',
    'keeps what was lost on the way to itself',
    ['rpc.journal.missed'],
    JOURNAL,
    "this.#hooks.onMissed({ why: 'lost', from: this.#position.seq + 1, to: seq })",
    'void seq',
  ),
]
