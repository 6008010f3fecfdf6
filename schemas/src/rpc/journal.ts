// Places in the journal of an agent, and its entries as a page tells them: spec/rpc.md, Journal.

import { type Static, Type } from 'typebox'
import { Timestamp } from './method.ts'

export const JournalEpoch = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'New whenever entries were lost otherwise than by pruning.',
})
export const JournalSeq = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Of an entry, from 1 without holes; 0 stands before the first.',
})

/** Where a live event stands in the journal. */
export const JournalPlace = Type.Object({ epoch: JournalEpoch, seq: JournalSeq, at: Timestamp })
export type JournalPlace = Static<typeof JournalPlace>

/** The `kind` of an entry that the caller is not shown. No event has this name. */
export const WITHHELD = 'withheld'

const WithheldEntry = Type.Object({ epoch: JournalEpoch, seq: JournalSeq, kind: Type.Literal(WITHHELD) })
const ShownEntry = Type.Object({
  epoch: JournalEpoch,
  seq: JournalSeq,
  at: Timestamp,
  kind: Type.String({ minLength: 1, maxLength: 64, description: 'Name of the event.' }),
  body: Type.Unknown({ description: 'Params of the event: an object.' }),
})
export const JournalEntry = Type.Union([ShownEntry, WithheldEntry])
export type JournalEntry = Static<typeof JournalEntry>
