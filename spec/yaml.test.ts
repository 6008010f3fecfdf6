import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toYaml } from './yaml.ts'

test('toYaml() writes maps and lists as blocks and references on one line', () => {
  const document = {
    asyncapi: '3.1.0',
    info: { title: 'Relay, seen by the relay', tags: [{ name: 'relay', url: 'https://a.b/' }, { name: 'x' }] },
    channel: { $ref: '#/channels/relay' },
    messages: [{ $ref: '#/a/b' }],
    list: ['a', 'b'],
    sentences: ['a b', 'c, d'],
    empty: {},
    none: [],
    count: 4400,
    address: null,
  }
  assert.equal(
    toYaml(document),
    [
      'asyncapi: "3.1.0"',
      'info:',
      '  title: Relay, seen by the relay',
      '  tags:',
      '    - name: relay',
      '      url: "https://a.b/"',
      '    - name: x',
      'channel: { $ref: "#/channels/relay" }',
      'messages:',
      '  - { $ref: "#/a/b" }',
      'list: [a, b]',
      'sentences:',
      '  - a b',
      '  - c, d',
      'empty: {}',
      'none: []',
      'count: 4400',
      'address: null',
      '',
    ].join('\n'),
  )
})

test('toYaml() quotes what a reader could take for something else', () => {
  for (const text of [
    'true',
    'no',
    'Null',
    '',
    ' a',
    'a ',
    'a: b',
    'a #b',
    '- a',
    '1',
    '0x10',
    '*a',
    '&a',
    'a\tb',
    "'",
  ]) {
    assert.equal(toYaml({ text }), `text: ${JSON.stringify(text)}\n`)
  }
})

test('toYaml() writes text of several lines as a literal block', () => {
  assert.equal(toYaml({ text: 'one\n\ntwo: 2' }), 'text: |-\n  one\n\n  two: 2\n')
  assert.equal(toYaml(['one\ntwo']), '- |-\n  one\n  two\n')
})
