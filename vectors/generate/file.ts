// Builds one vector file: cases are named here, get stable ids from ids.json, and are computed with
// noble as they are added, so a refusal that does not happen stops the generator.

import { readFileSync } from 'node:fs'
import { type ErrorCode, errorEntry, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { noble } from '../backend/noble.ts'
import type { Operation } from '../operations/operation.ts'
import { Ignored } from '../protocol/notice.ts'
import { type Stage, stageOf } from './stages.ts'

export type Kind = 'functional' | 'encoding' | 'structure' | 'order' | 'key-agreement' | 'auth-bypass' | 'payload'

export interface Flag {
  readonly kind: Kind
  readonly description: string
  readonly requirement: string
}

/** `ignored` is no error code: the input has no effect and nothing is reported. */
export type RejectCode = ErrorCode | 'ignored'

export interface TestCase {
  readonly id: string
  readonly comment: string
  readonly flags: string[]
  readonly from?: string
  readonly mutation?: string
  readonly input: Record<string, unknown>
  readonly intermediate?: Record<string, unknown>
  readonly output?: Record<string, unknown>
  readonly result: 'valid' | 'invalid'
  readonly reject?: { stage: Stage; code: RejectCode; close?: number }
}

export interface Group {
  readonly label: string
  readonly tests: TestCase[]
}

export interface VectorFile {
  readonly schema: string
  readonly schemaVersion: 1
  readonly protocol: 1
  readonly construction: string
  readonly header: readonly string[]
  readonly flags: Record<string, Flag>
  readonly groups: Group[]
}

type Input = Record<string, unknown>

/** The one thing that differs from the valid case `from` (a name), and the code that must come of it. */
export interface Invalid {
  readonly from: string
  readonly mutation: string
  readonly input: Input
  readonly code: RejectCode
  readonly stage?: Stage
}

export interface GroupBuilder {
  /** Computes the case and returns its output. */
  valid(name: string, comment: string, flags: string | string[], input: Input): Promise<Record<string, unknown>>
  /** Inherits the input of `from` and overrides the members in `input`. */
  invalid(name: string, comment: string, flags: string | string[], invalid: Invalid): Promise<void>
}

/** A construction: what stands in its file, and how its cases are made. */
export interface Construction {
  readonly construction: string
  readonly header: string[]
  readonly flags: Record<string, Flag>
  readonly operations: Record<string, Operation>
  build(group: (label: string) => GroupBuilder): Promise<void>
}

export type Ids = Record<string, number>
const idsFile = new URL('./ids.json', import.meta.url)
export const readIds = (): Ids => JSON.parse(readFileSync(idsFile, 'utf8')) as Ids

/** Takes the id of a name, or the next free one of its construction. */
function idOf(ids: Ids, construction: string, name: string): string {
  const key = `${construction}/${name}`
  const used = Object.entries(ids).filter(([other]) => other.startsWith(`${construction}/`))
  ids[key] ??= used.length + 1
  return `${construction}-${String(ids[key]).padStart(3, '0')}`
}

async function refusal(operation: Operation, input: Input): Promise<RejectCode | null> {
  try {
    await operation.compute(noble, input)
    return null
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    if (error instanceof Ignored) return 'ignored'
    throw error
  }
}

/** Adds new names to `ids`. */
export async function buildFile(construction: Construction, ids: Ids): Promise<VectorFile> {
  const { construction: name, header, flags, operations } = construction
  const groups: Group[] = []
  const named = new Map<string, Input>()
  const checkFlags = (wanted: string | string[]): string[] => {
    const list = [wanted].flat()
    const unknown = list.filter((flag) => !(flag in flags))
    if (unknown.length > 0) throw new Error(`${name}: no flag ${unknown}`)
    return list
  }
  await construction.build((label) => {
    const operation = operations[label]
    if (!operation) throw new Error(`${name}: no operation ${label}`)
    const tests: TestCase[] = []
    groups.push({ label, tests })
    const take = (test: string, input: Input): string => {
      if (named.has(test)) throw new Error(`${name}: ${test} is there twice`)
      named.set(test, input)
      return idOf(ids, name, test)
    }
    return {
      async valid(test, comment, wanted, input) {
        const id = take(test, input)
        const { intermediate, output } = await operation.compute(noble, input)
        const shown = Object.keys(intermediate).length > 0 ? { intermediate } : {}
        tests.push({ id, comment, flags: checkFlags(wanted), input, ...shown, output, result: 'valid' })
        return output
      },
      async invalid(test, comment, wanted, { from, mutation, input: changed, code, stage }) {
        const original = named.get(from)
        if (!original) throw new Error(`${name}: ${test} comes from ${from}, which is not there`)
        const input = { ...original, ...changed }
        const id = take(test, input)
        const got = await refusal(operation, input)
        if (got !== code) throw new Error(`${name}: ${test} gives ${got}, not ${code}`)
        const close = code === 'ignored' ? undefined : errorEntry(code).close
        const reject = { stage: stage ?? stageOf(code), code, ...(close !== undefined && { close }) }
        const origin = { from: idOf(ids, name, from), mutation }
        tests.push({ id, comment, flags: checkFlags(wanted), ...origin, input, result: 'invalid', reject })
      },
    }
  })
  const schema = `schema/${name}.schema.json`
  return { schema, schemaVersion: 1, protocol: 1, construction: name, header, flags, groups }
}

export const toText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
