import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { claudeGetStatus } from './claude-get-status.ts'
import { deviceList } from './device-list.ts'
import { JournalEntry, JournalEpoch, JournalSeq } from './journal.ts'
import { defineMethod } from './method.ts'
import { terminalList } from './terminal-list.ts'

const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

export const journalSubscribe = defineMethod({
  name: 'journal.subscribe',
  kind: 'read',
  capability: 'observe',
  doc: 'A page of the journal: behind `afterSeq`, before `beforeSeq`, or the newest with a snapshot.',
  params: Type.Object({
    epoch: Type.Optional(JournalEpoch),
    afterSeq: Type.Optional(JournalSeq),
    beforeSeq: Type.Optional(Seq),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.journalPage, description: 'Entries at most.' })),
  }),
  result: Type.Object({
    epoch: JournalEpoch,
    lastSeq: JournalSeq,
    entries: Type.Array(JournalEntry, { maxItems: limits.journalPage }),
    gap: Type.Optional(
      Type.Object({ from: Seq, to: Seq }, { description: 'Asked for, but pruned: from, up to but without to.' }),
    ),
    snapshot: Type.Optional(
      Type.Object(
        {
          status: claudeGetStatus.result,
          terminals: Type.Union([terminalList.result.properties.terminals, Type.Null()], {
            description: 'null without `terminal`.',
          }),
          devices: deviceList.result.properties.devices,
        },
        { description: 'Where no `epoch` was asked for: the state after `lastSeq`.' },
      ),
    ),
  }),
  errors: [],
})
