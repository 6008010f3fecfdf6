// What the terminal methods share.

import { Type } from 'typebox'
import { Offset, Timestamp, Uuid } from './method.ts'

export const Cols = Type.Integer({ minimum: 1, maximum: 1_000 })
export const Rows = Type.Integer({ minimum: 1, maximum: 1_000 })
export const StreamId = Type.Integer({ minimum: 1, maximum: 0xffff_ffff })
export const TerminalId = Uuid

export const TerminalSummary = Type.Object({
  terminalId: TerminalId,
  cols: Cols,
  rows: Rows,
  running: Type.Boolean(),
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  startedAt: Timestamp,
  oldest: Offset,
  end: Offset,
})

/** `stream` carries the output from `offset` on; `gap` tells what is no longer kept before it. */
export const TerminalAttachment = {
  terminalId: TerminalId,
  stream: StreamId,
  offset: Offset,
  written: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Bytes of input accepted so far from this controller: the offset of its next terminal.write.',
  }),
}
