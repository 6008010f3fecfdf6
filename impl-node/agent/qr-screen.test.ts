import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CAPABILITIES, DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import decodeQR from 'qr/decode.js'
import { type CodeScreen, codeScreen, digitsScreen, pairedScreen } from './qr-screen.ts'

/** As long as the code of a relay address of `host` bytes: base32 of 56 + host bytes. */
const uriFor = (host: number) => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const length = Math.ceil(((56 + host) * 8) / 5)
  return `HAPPY://${Array.from({ length }, (_, i) => letters[(i * 7 + host * 3 + (i >> 2)) % 32]).join('')}`
}
const input = (host: number, more: Partial<CodeScreen> = {}): CodeScreen => ({
  uri: uriFor(host),
  relay: `wss://${'h'.repeat(host)}/v1`,
  agentId: `${'b'.repeat(25)}a`,
  capabilities: DEFAULT_CAPABILITIES,
  secondsLeft: 118,
  expiresAt: new Date(2026, 7, 9, 5, 4, 3).getTime(),
  pairCommand: 'npx happy-remote pair',
  columns: 80,
  rows: 24,
  color: true,
  ...more,
})

const ESCAPE = '\x1b'
const plain = (line: string) => line.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g'), '')
const isPicture = (lines: readonly string[]) => lines.some((line) => /[▀▄█]/.test(line))

/** Columns of a coloured picture. */
const pictureWidth = (lines: readonly string[]) => lines[0]?.split('m')[1]?.indexOf(ESCAPE) ?? 0

/** What a camera sees: each half block as 4 x 4 pixels. `light` is whether a drawn block is light. */
function decode(lines: readonly string[], width: number, light: boolean): string {
  const [drawn, empty] = light ? [255, 0] : [0, 255]
  const scale = 4
  const rows = lines.flatMap((line) => {
    const cells = [...plain(line)].slice(0, width)
    return ['▀█', '▄█'].map((filled) => cells.map((cell) => (filled.includes(cell) ? drawn : empty)))
  })
  const data = new Uint8Array(rows.length * width * scale * scale * 4)
  rows.forEach((row, y) => {
    row.forEach((value, x) => {
      for (let i = 0; i < scale * scale; i++) {
        const pixel = (y * scale + Math.floor(i / scale)) * width * scale + x * scale + (i % scale)
        data.set([value, value, value, 255], pixel * 4)
      }
    })
  })
  return decodeQR({ width: width * scale, height: rows.length * scale, data })
}

test('codeScreen() fits 80x24 and decodes to the URI, for every host that version 5 can carry', () => {
  for (let host = 1; host <= 35; host++) {
    const screen = input(host, { capabilities: CAPABILITIES })
    const lines = codeScreen(screen)
    assert.ok(lines.length <= 23)
    for (const line of lines) assert.ok(plain(line).length <= 80, line)
    assert.equal(decode(lines, pictureWidth(lines), false), screen.uri)
  }
})

test('codeScreen() leaves the quiet zone of the standard where there is room, less of it for longer codes', () => {
  const quiet = (lines: string[]) => lines.findIndex((line) => /[▀▄█]/.test(plain(line).slice(0, 45)))
  assert.equal(codeScreen(input(35)).length, 23)
  assert.equal(pictureWidth(codeScreen(input(35))), 45)
  assert.equal(quiet(codeScreen(input(35))), 2)
  const longer = input(50)
  assert.equal(quiet(codeScreen(longer)), 1)
  assert.equal(decode(codeScreen(longer), 45, false), longer.uri)
  const roomy = input(50, { columns: 100, rows: 40 })
  assert.equal(decode(codeScreen(roomy), 49, false), roomy.uri)
})

test('codeScreen() loses nothing of what stands beside a code that is shorter', () => {
  const lines = codeScreen(input(5, { capabilities: CAPABILITIES })).map(plain)
  assert.ok(lines.at(-1)?.endsWith(`  hd1${'b'.repeat(25)}a`))
  assert.equal(lines.at(-1)?.indexOf('hd1'), 41 + 1 + 2)
})

test('codeScreen() shows beside the code what a person should know', () => {
  const text = codeScreen(input(20)).map((line) => plain(line).slice(46))
  for (const line of text) assert.ok(line.length <= 34)
  assert.ok(text.includes('Expires in 1:58'))
  assert.ok(text.includes(`  wss://${'h'.repeat(20)}/v1`))
  assert.ok(text.includes(`  hd1${'b'.repeat(25)}a`))
  for (const capability of DEFAULT_CAPABILITIES) assert.ok(text.some((line) => line.startsWith(`  ${capability} `)))
  assert.ok(!text.some((line) => line.includes('git.push') || line.includes('admin')))
  assert.match(text.join(' '), /run commands as you/)
})

test('only capabilities that amount to it are said to run commands', () => {
  const says = (...capabilities: CodeScreen['capabilities'][number][]) =>
    codeScreen(input(20, { capabilities, columns: 70 }))
      .join(' ')
      .includes('run commands as you')
  for (const capabilities of [['terminal'], ['files', 'git'], ['prompt', 'approve']] as const) {
    assert.ok(says('observe', ...capabilities), `${capabilities}`)
  }
  assert.ok(!says('observe', 'prompt', 'files'))
})

test('codeScreen() with colour is dark on light by itself, on every line and nowhere else', () => {
  const lines = codeScreen(input(35, { capabilities: ['observe'] }))
  assert.equal(lines.length, 23)
  for (const line of lines) {
    assert.ok(line.startsWith(`${ESCAPE}[38;5;16;48;5;231m`))
    assert.equal(line.indexOf(`${ESCAPE}[0m`), `${ESCAPE}[38;5;16;48;5;231m`.length + 45)
  }
})

test('codeScreen() without colour draws the light modules and says for which background', () => {
  const screen = input(20, { color: false, capabilities: CAPABILITIES })
  const lines = codeScreen(screen)
  assert.ok(!lines.join('').includes(ESCAPE))
  assert.ok(lines.length <= 23)
  for (const line of lines) assert.ok(line.length <= 80)
  assert.equal(decode(lines, 45, true), screen.uri)
  assert.match(lines.map((line) => line.slice(46)).join(' '), /light text on a\s+dark background/)
})

test('codeScreen() gives the text where the terminal is too small for the picture', () => {
  const sizes = [
    { columns: 75, rows: 24 },
    { columns: 80, rows: 20 },
    { columns: 30, rows: 10 },
  ]
  for (const size of sizes) {
    const screen = input(20, size)
    const lines = codeScreen(screen)
    assert.ok(!isPicture(lines))
    for (const line of lines) assert.ok(line === screen.uri || plain(line).length <= size.columns, line)
    assert.ok(lines.includes(screen.uri), 'in one line, which can be copied')
    assert.match(lines.join(' '), /needs\s+\d+\s+columns\s+and\s+\d+\s+rows/)
    assert.match(lines.join(' '), /run\s+commands\s+as\s+you/)
  }
  assert.ok(isPicture(codeScreen(input(20))))
  assert.ok(!isPicture(codeScreen(input(64))))
})

test('codeScreen() gives the text where it is asked for, and changes nothing while it is copied', () => {
  const screen = input(20, { asText: true })
  const lines = codeScreen(screen)
  assert.ok(!isPicture(lines))
  assert.ok(lines.includes(screen.uri))
  assert.match(lines.join(' '), /type: npx happy-remote pair and paste this/)
  assert.match(lines.join(' '), /Good until 05:04:03/)
  assert.deepEqual(codeScreen({ ...screen, secondsLeft: 17 }), lines)
  assert.match(codeScreen({ ...screen, secondsLeft: 0 }).join(' '), /Expired/)
})

test('codeScreen() tells of the text beside the picture, and below it of the command where there is room', () => {
  const told = (more: Partial<CodeScreen>) => codeScreen(input(35, more)).map(plain)
  assert.match(
    told({})
      .map((line) => line.slice(46))
      .join(' '),
    /press t for its text/,
  )
  assert.ok(!told({ rows: 25 }).join('').includes('npx'))
  assert.match(told({ rows: 26 }).at(-1) ?? '', /Press t, and type on the other device: npx happy-remote pair$/)
})

test('codeScreen() counts down to the end', () => {
  const at = (secondsLeft: number) => codeScreen(input(20, { secondsLeft })).map(plain).join('\n')
  assert.match(at(600), /Expires in 10:00/)
  assert.match(at(60.2), /Expires in 1:01/)
  assert.match(at(0.4), /Expires in 0:01/)
  assert.match(at(-1), /Expired/)
})

test('digitsScreen() asks for the digits and says what they allow', () => {
  const screen = { ...input(64), capabilities: CAPABILITIES, triesLeft: 3, secondsLeft: 45, entered: '12' }
  const lines = digitsScreen(screen).map(plain)
  assert.ok(lines.length <= 23)
  for (const line of lines) assert.ok(line.length <= 80)
  assert.ok(lines.includes('  1 2 _   _ _ _'))
  assert.ok(lines.includes('3 tries left, 0:45 left'))
  assert.ok(lines.includes('It will be able to run commands as you.'))
  assert.ok(lines.join('').includes(screen.relay))
  assert.match(digitsScreen({ ...screen, triesLeft: 1 }).join('\n'), /1 try left/)
  for (const line of digitsScreen({ ...screen, columns: 20 })) assert.ok(plain(line).length <= 20, line)
})

test('pairedScreen() tells the device and the time, and lets no name play with the screen', () => {
  const at = new Date(2026, 7, 9, 5, 4, 3).getTime()
  const screen = { ...input(20), at, deviceName: 'Anna’s phone' }
  assert.deepEqual(pairedScreen(screen).map(plain).slice(0, 2), ['Paired with Anna’s phone', 'at 2026-08-09 05:04:03'])
  const evil = pairedScreen({ ...screen, color: false, deviceName: `a${ESCAPE}[2J\u202eb\u2028c` })
  assert.equal(evil[0], 'Paired with a\ufffd[2J\ufffdb\ufffdc')
  assert.match(pairedScreen({ ...screen, deviceName: null }).join(' '), /has not told its name/)
})
