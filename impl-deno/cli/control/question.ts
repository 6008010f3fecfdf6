// A permission request as a person sees it, and the option that an answer means.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { permissionAnswer } from '../../controller/permission.ts'
import { exactText, safeLine } from '../../controller/safe-text.ts'

type Option = PermissionRequest['options'][number]

/** The exact input is shown, and the answer is bound to it (rpc.permission.shown-hash). */
export const questionText = ({ title, inputText, options }: PermissionRequest): string =>
  [
    `The assistant asks: ${safeLine(title)}`,
    exactText(inputText),
    ...options.map(({ name, id }, i) => `  ${i + 1}  ${safeLine(name)} (${safeLine(id)})`),
  ].join('\n')

export const allowOnce = ({ options }: PermissionRequest): Option | undefined =>
  options.find(({ kind }) => kind === 'allow_once')

export const deny = ({ options }: PermissionRequest): Option | undefined =>
  options.find(({ kind }) => kind === 'reject_once') ?? options.find(({ kind }) => kind === 'reject_always')

/** `y`, `n`, the number or the id of an option. */
export function optionOf(request: PermissionRequest, typed: string): Option | undefined {
  const text = typed.trim()
  const lower = text.toLowerCase()
  if (lower === 'y' || lower === 'yes') return allowOnce(request)
  if (lower === 'n' || lower === 'no') return deny(request)
  return request.options.find(({ id }) => id === text) ?? request.options[Number(text) - 1]
}

export const answer = (
  controller: Controller,
  request: PermissionRequest,
  option: Option,
): Promise<Result<'permission.answer'>> =>
  controller.call('permission.answer', permissionAnswer(request, request.inputText, option.id))
