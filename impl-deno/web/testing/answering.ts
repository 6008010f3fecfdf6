// A computer that answers as a test says, and what it was asked.

import type { Controller } from '../../controller/controller.ts'

/** `answer` gives the result of each call, or throws CallFailure; `calls` has the method and params of all, in order. */
export function answering(answer: (method: string, params: object) => unknown) {
  const calls: [method: string, params: object][] = []
  const call = async (method: string, params: object) => {
    calls.push([method, params])
    return answer(method, params)
  }
  return { controller: { call } as unknown as Controller, calls }
}
