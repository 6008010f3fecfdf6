// What an answer to `vector` is worth.

import { isDeepStrictEqual } from 'node:util'
import type { Ending } from '../runner/verdict.ts'
import type { AnswerLine, Role } from '../shim/lines.ts'
import { IGNORED, outputsOf, type VectorCase } from './cases.ts'

const SHOWN = 64

/** A value as a message shows it: hex is cut. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

const failed = (message: string): Ending => ({ status: 'FAILED', errorType: 'Failed', message })
const PASSED: Ending = { status: 'PASSED' }

function judgeRefusal(code: string, answer: AnswerLine, looseErrors: boolean): Ending {
  if ('error' in answer) {
    if (answer.error.code === code || (looseErrors && code !== IGNORED)) return PASSED
    return failed(`refused with "${answer.error.code}" instead of "${code}": ${answer.error.message}`)
  }
  const outputs = 'ok' in answer ? (answer.ok.outputs as Readonly<Record<string, unknown>>) : {}
  if (code === IGNORED) return outputs.ignored === true ? PASSED : failed('has an effect, and has to have none')
  return failed(
    outputs.ignored === true ? `ignored, and not refused with "${code}"` : `accepted, and not refused with "${code}"`,
  )
}

/** The first value on the way that differs, where the program gives any: it tells where to look. */
function onTheWay({ test }: VectorCase, outputs: Readonly<Record<string, unknown>>): string {
  const found = Object.entries(test.intermediate ?? {}).find(
    ([name, value]) => name in outputs && !isDeepStrictEqual(outputs[name], value),
  )
  return found ? `; the first value on the way that differs is ${found[0]}` : ''
}

/** How a case ended, for verdict.ts. */
export function judgeAnswer(role: Role, each: VectorCase, answer: AnswerLine, looseErrors: boolean): Ending {
  if ('unimplemented' in answer) {
    return { status: 'FAILED', errorType: 'Unimplemented', message: `vector: ${answer.unimplemented}` }
  }
  const { test } = each
  if (test.reject) return judgeRefusal(test.reject.code, answer, looseErrors)
  if ('error' in answer) return failed(`refused with "${answer.error.code}": ${answer.error.message}`)
  const outputs = answer.ok.outputs as Readonly<Record<string, unknown>>
  for (const name of outputsOf(role, each)) {
    const [got, expected] = [outputs[name], test.output?.[name]]
    if (isDeepStrictEqual(got, expected)) continue
    const difference = name in outputs ? `is ${shown(got)} instead of ${shown(expected)}` : 'is missing'
    return failed(`${name} ${difference}${onTheWay(each, outputs)}`)
  }
  return PASSED
}
