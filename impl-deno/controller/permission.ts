// The answer to a permission request, bound to what the person was shown (spec/rpc.md, Permissions).

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'

/** `shownText` is the `inputText` that stood on the screen; its hash is computed here (rpc.permission.shown-hash). */
export const permissionAnswer = (
  { requestId }: Pick<PermissionRequest, 'requestId'>,
  shownText: string,
  option: string,
  note?: string,
): Params<'permission.answer'> => ({
  requestId,
  inputHash: toBase64url(hash(utf8(shownText))),
  option,
  ...(note !== undefined && { note }),
})
