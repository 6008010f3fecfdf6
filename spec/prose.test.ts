import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProse } from './prose.ts'

const sentence = (id: string, text: string, roles = 'relay') => `<a id="${id}"></a>\`${id}\` — ${text} *(${roles})*`

test('readProse() finds a sentence with its id, level and roles', () => {
  const { requirements, problems } = readProse(
    'relay',
    `# Relay\n\n${sentence('relay.hello.first', 'The first frame\nMUST NOT be anything but `hello`.', 'agent, relay')}\n\nProse.`,
  )
  assert.deepEqual(problems, [])
  assert.equal(requirements.length, 1)
  assert.equal(requirements[0]?.id, 'relay.hello.first')
  assert.equal(requirements[0]?.level, 'MUST NOT')
  assert.deepEqual(requirements[0]?.roles, ['relay', 'agent'])
})

test('the hash follows the sentence and not its line breaks or how roles are emphasised', () => {
  const hashOf = (text: string) => readProse('relay', text).requirements[0]?.textSha256
  const one = hashOf(sentence('relay.a', 'A relay MUST answer.'))
  assert.equal(hashOf(sentence('relay.a', 'A relay\nMUST  answer.').replaceAll('*', '_')), one)
  assert.notEqual(hashOf(sentence('relay.a', 'A relay MUST reply.')), one)
})

const broken: Readonly<Record<string, readonly [text: string, problem: RegExp]>> = {
  'a keyword without an id': ['A relay MUST answer.', /MUST in a paragraph without an id/],
  'an id without a keyword': [sentence('relay.a', 'A relay answers.'), /relay\.a has no keyword/],
  'two keywords': [sentence('relay.a', 'A relay MUST answer and MAY log.'), /two keywords: MUST, MAY/],
  'two ids': [`${sentence('relay.a', 'A MUST.')}\n${sentence('relay.b', 'B is.')}`, /two ids in one paragraph/],
  'an id shown otherwise': [sentence('relay.a', 'A MUST.').replace('`relay.a`', '`relay.b`'), /is shown as relay\.b/],
  'an id of another document': [sentence('rpc.a', 'A MUST.'), /an id is relay\.<topic>/],
  'upper case in an id': [sentence('relay.aB', 'A MUST.'), /an id is relay\.<topic>/],
  'a role that does not exist': [sentence('relay.a', 'A MUST.', 'server'), /"server" is not a role/],
  'no roles': [sentence('relay.a', 'A MUST.').replace(' *(relay)*', ''), /not of the form/],
  'a keyword in a section that binds nobody': ['## Security considerations\n\nA relay MUST.', /binds nobody/],
  'a keyword below such a section': ['## Example\n\n### One\n\nA relay MAY.', /binds nobody/],
}

for (const [what, [text, problem]] of Object.entries(broken)) {
  test(`readProse() objects to ${what}`, () => {
    const { requirements, problems } = readProse('relay', text)
    assert.equal(problems.length, 1)
    assert.match(problems[0] as string, problem)
    assert.deepEqual(requirements, [])
  })
}

test('code, generated tables and the words of BCP 14 itself are no requirements', () => {
  const text = [
    'The words "MUST" and "MAY" are those of BCP 14.',
    '`MUST` in code.',
    '```\nA relay MUST.\n```',
    '<!-- generated: limits -->\n\n| MUST |\n\n<!-- /generated -->',
    '## Example\n\nNothing.\n\n## Rules',
    sentence('relay.a', 'A relay MUST answer.'),
  ]
  const { requirements, problems, written } = readProse('relay', text.join('\n\n'))
  assert.deepEqual(problems, [])
  assert.equal(requirements.length, 1)
  assert.ok(!written.includes('| MUST |'))
})
