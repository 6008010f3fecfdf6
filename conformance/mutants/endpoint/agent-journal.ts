// Faults of an agent with its journal.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const AGENT = 'agent/agent'
const JOURNAL = 'agent/journal'
const METHOD = 'agent/methods/journal'

export const agentJournal: readonly EndpointMutant[] = [
  agent(
    'journal-every-other',
    'leaves every other seq out',
    ['rpc.journal.entry'],
    JOURNAL,
    'const seq = this.#lastSeq + 1\n',
    'const seq = this.#lastSeq + (this.#lastSeq === 0 ? 1 : 2)\n',
  ),
  agent(
    'journal-placeless',
    'sends events without their place in the journal',
    ['rpc.journal.place'],
    AGENT,
    "link.send({ id: randomUUID(), type: 'event', method: name, params, ...journal }, urgent)",
    "link.send({ id: randomUUID(), type: 'event', method: name, params }, urgent)",
  ),
  agent(
    'journal-no-stand-in',
    'says nothing of an entry that a controller may not see',
    ['rpc.journal.stand-in'],
    AGENT,
    "} else if (journal && capabilities.includes('observe')) {",
    "} else if (journal && capabilities.includes('admin')) {",
  ),
  agent(
    'journal-same-epoch',
    'gives a journal that was lost the epoch of before',
    ['rpc.journal.epoch'],
    JOURNAL,
    "    db.exec(SCHEMA)\n    const known = db.prepare('SELECT epoch FROM journal').get()",
    "    db.exec(SCHEMA)\n    db.exec('DELETE FROM entry')\n    const known = db.prepare('SELECT epoch FROM journal').get()",
  ),
  agent(
    'journal-left-open',
    'says nothing of what an earlier run left open',
    ['rpc.journal.left-behind'],
    AGENT,
    '    endLeftBehind(this.#journal, emit, this.#now())\n',
    '',
  ),
  agent(
    'journal-page-inclusive',
    'begins a page with the entry that the controller has',
    ['rpc.journal.page'],
    METHOD,
    'journal.after(afterSeq)',
    'journal.after(afterSeq - 1)',
  ),
  agent(
    'journal-oldest-before',
    'answers beforeSeq with the oldest entries instead of the newest before it',
    ['rpc.journal.before'],
    METHOD,
    'if (isPresent && beforeSeq !== undefined) return backward(journal, caller, beforeSeq, limit, 0)',
    'if (isPresent && beforeSeq !== undefined) return forward(journal, caller, 0, limit)',
  ),
  agent(
    'journal-no-snapshot',
    'tells the newest entries without the present state',
    ['rpc.journal.newest'],
    METHOD,
    'return { ...page, lastSeq, snapshot }',
    'return { ...page, lastSeq }',
  ),
  agent(
    'journal-any-epoch',
    'reads on behind a seq of another journal',
    ['rpc.journal.other-epoch'],
    METHOD,
    'isPresent ? (afterSeq ?? 0) : 0',
    'afterSeq ?? 0',
  ),
  agent(
    'journal-any-params',
    'guesses what is meant by bounds without an epoch',
    ['rpc.journal.params'],
    METHOD,
    "throw new ProtocolError('invalid-params', ",
    'void (',
  ),
  agent(
    'journal-ahead',
    'has an empty page behind the end of the journal',
    ['rpc.journal.ahead'],
    METHOD,
    'if (afterSeq > lastSeq) {',
    'if (afterSeq > lastSeq + 1_000) {',
  ),
  agent(
    'journal-gap-unsaid',
    'leaves out what was pruned without a word',
    ['rpc.journal.gap'],
    METHOD,
    'const gap = afterSeq + 1 < firstSeq ?',
    'const gap = afterSeq + 1 < 0 ?',
  ),
  agent(
    'journal-shows-all',
    'shows every entry to whoever may read the journal',
    ['rpc.journal.withheld'],
    METHOD,
    'const isShown = maySee(caller, kind) && own <= most',
    'const isShown = (maySee(caller, kind) || kind.length > 0) && own <= most',
  ),
  agent(
    'journal-page-without-end',
    'fills a page whatever its size',
    ['rpc.journal.size'],
    METHOD,
    'if (size > most) break',
    'if (size > most * 16) break',
  ),
]
