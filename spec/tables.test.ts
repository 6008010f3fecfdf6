import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tableOf as aligned, fill, table } from './tables.ts'

/** Without the spaces that align the columns. */
const tableOf = (marker: string): string => aligned(marker).replace(/ +\|/g, ' |')

test('the tables of the prose are what the declarations give', () => {
  for (const file of readdirSync(import.meta.dirname).filter(
    (name) => name.endsWith('.md') && name !== 'coverage.md',
  )) {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
    assert.equal(text, fill(text), `${file}: run npm run generate`)
  }
})

test('fill() writes between the markers and nothing else, and writing twice changes nothing', () => {
  const text = 'before\n<!-- generated: layout HsErrorBody -->\nold\n<!-- /generated -->\nafter\n'
  const filled = fill(text)
  assert.match(filled, /^before\n<!-- generated: layout HsErrorBody -->\n\n\| offset \|/)
  assert.match(filled, /\| 0 {6}\| 1 {4}\| `code` {6}\| u8 {4}\|/)
  assert.match(filled, /16 bytes\.\n\n<!-- \/generated -->\nafter\n$/)
  assert.ok(!filled.includes('old'))
  assert.equal(fill(filled), filled)
})

test('fill() refuses a marker that is not closed, and one that asks for what is not there', () => {
  assert.throws(() => fill('<!-- generated: limits -->\n'), /not closed/)
  assert.throws(() => fill('<!-- generated: limits -->\n<!-- generated: limits -->\n<!-- /generated -->'), /not closed/)
  for (const marker of ['layout Nothing', 'errors nowhere', 'messages nobody', 'poems']) {
    assert.throws(() => tableOf(marker), /Cannot write a table/)
  }
})

test('table() aligns its columns and escapes what would end a cell', () => {
  assert.equal(
    table(['a', 'long head'], [['a|b', '']]),
    '| a    | long head |\n| ---- | --------- |\n| a\\|b |           |',
  )
})

test('a body that differs by suite has one table with both numbers', () => {
  assert.match(tableOf('layout M1Body'), /\| 254 \| 0 or 1,184 \| `kemKey` \|/)
  assert.match(tableOf('layout M1Body'), /318 or 1,502 bytes\.$/)
})

test('messages are told by the type, bytes by their number', () => {
  const relay = tableOf('messages relay')
  assert.match(relay, /\| `bind` \| client to relay \| `routeKey`: 32 bytes;/)
  assert.match(relay, /`peer`: 16 bytes or null;/)
  assert.match(relay, /\| `presence` \| relay to client \|.*`status`: "online" or "offline"/)
  assert.match(tableOf('messages control'), /\| `ack` \| none \|/)
})

test('each registry has its table', () => {
  assert.match(tableOf('limits'), /\| `maxFrame` \| 262,400 bytes \|/)
  assert.match(
    tableOf('methods'),
    /\| `terminal.write` \| write \| `terminal` \| `\{terminalId, offset, data\}` → `\{offset\}` \|/,
  )
  assert.match(tableOf('events'), /\| `permission.requested` \| `observe` \| yes \| yes \|/)
  assert.match(tableOf('errors relay'), /\| `superseded` \| 4409 \|/)
  assert.match(tableOf('errors handshake'), /\| `rejected` \| 0x0D \|/)
  assert.match(tableOf('errors local'), /\| `replay` \|/)
})
