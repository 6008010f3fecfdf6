import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import { optionMeant, permissionLines } from './permissions.ts'

const request = (kinds: PermissionRequest['options'][number]['kind'][]): PermissionRequest => ({
  requestId: '00000000-0000-4000-8000-000000000000',
  conversationId: 'c',
  tool: 'Bash',
  title: 'Run it',
  inputText: '{"tool":"Bash","input":{"command":"rm -rf build"}}',
  inputHash: 'x',
  options: kinds.map((kind) => ({ id: `id-${kind}`, name: kind, kind })),
})
const all = request(['allow_always', 'allow_once', 'reject_always', 'reject_once'])

test('y allows once and n denies once, whatever the order of the options', () => {
  for (const yes of ['y', 'Y', 'yes']) assert.equal(optionMeant(all, yes)?.kind, 'allow_once')
  for (const no of ['n', 'N', 'no']) assert.equal(optionMeant(all, no)?.kind, 'reject_once')
})

test('y never means to allow for ever', () => {
  assert.equal(optionMeant(request(['allow_always', 'reject_once']), 'y'), undefined)
})

test('n denies for ever where there is no other denial', () => {
  assert.equal(optionMeant(request(['allow_once', 'reject_always']), 'n')?.kind, 'reject_always')
})

test('a number, or the id, means that option; anything else means none', () => {
  assert.equal(optionMeant(all, '1')?.kind, 'allow_always')
  assert.equal(optionMeant(all, 'id-reject_always')?.kind, 'reject_always')
  for (const nothing of ['', '0', '5', '-1', '1.0', 'allow', 'yes please']) {
    assert.equal(optionMeant(all, nothing), undefined, nothing)
  }
})

test('the input is shown to its last character, with what cannot be seen made visible', () => {
  const inputText = `{"command":"${'x'.repeat(5_000)}\u001b[8m\u202e; rm -rf ~"}`
  const line = permissionLines({ ...all, inputText }).find((each) => each.startsWith('  input  '))
  assert.equal(line, `  input  {"command":"${'x'.repeat(5_000)}\\u001b[8m\\u202e; rm -rf ~"}`)
})
