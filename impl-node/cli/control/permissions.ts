// Permission requests at the controller: shown whole, answered with the hash of what was shown
// (spec/rpc.md, permissions).

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { sha256 } from '../../crypto/primitives.ts'
import { exactText, safeLine } from '../safe-text.ts'

type Option = PermissionRequest['options'][number]

/** What is asked, in lines; the input to the last character. */
export function permissionLines(request: PermissionRequest): string[] {
  const { title, tool, inputText, options, expiresAt } = request
  return [
    `The assistant asks: ${safeLine(title)}`,
    `  tool   ${safeLine(tool)}`,
    `  input  ${exactText(inputText)}`,
    ...(expiresAt === undefined ? [] : [`  until  ${new Date(expiresAt).toLocaleTimeString()}`]),
    ...options.map(({ name }, i) => `  ${i + 1}  ${safeLine(name)}`),
  ]
}

const firstOf = (options: readonly Option[], ...kinds: Option['kind'][]): Option | undefined =>
  kinds.flatMap((kind) => options.filter((option) => option.kind === kind))[0]

/** The option that allows this once; undefined where there is none. */
export const allowOnce = ({ options }: PermissionRequest): Option | undefined => firstOf(options, 'allow_once')

export const deny = ({ options }: PermissionRequest): Option | undefined =>
  firstOf(options, 'reject_once', 'reject_always')

/** What a person, or a line of input, means: y, n, a number, or the id of an option. */
export function optionMeant(request: PermissionRequest, answer: string): Option | undefined {
  if (/^(y|yes)$/i.test(answer)) return allowOnce(request)
  if (/^(n|no)$/i.test(answer)) return deny(request)
  if (/^[1-9]\d?$/.test(answer)) return request.options[Number(answer) - 1]
  return request.options.find(({ id }) => id === answer)
}

/** Throws ProtocolError: `conflict` where somebody was faster, `expired`, `not-found`, `forbidden`. */
export function answerPermission(
  controller: Controller,
  { requestId, inputText }: PermissionRequest,
  option: Option,
): Promise<Result<'permission.answer'>> {
  const inputHash = Buffer.from(sha256(Buffer.from(inputText))).toString('base64url')
  return controller.call('permission.answer', { requestId, inputHash, option: option.id })
}
