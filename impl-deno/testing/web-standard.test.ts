import assert from 'node:assert/strict'

const FOLDERS = ['crypto', 'session', 'link', 'controller']
const root = new URL('../', import.meta.url)

const filesOf = (folder: string): string[] =>
  [...Deno.readDirSync(new URL(folder, root))]
    .map(({ name }) => `${folder}/${name}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))

Deno.test('crypto/, session/, link/ and controller/ use what every browser has, and import downwards only', () => {
  for (const [floor, folder] of FOLDERS.entries()) {
    const above = FOLDERS.slice(floor + 1).map((name) => `'../${name}/`)
    for (const path of filesOf(folder)) {
      const text = Deno.readTextFileSync(new URL(path, root))
      for (const forbidden of ['Deno.', "'node:", 'Buffer.', "'npm:", ...above]) {
        assert.ok(!text.includes(forbidden), `${path} uses ${forbidden}`)
      }
    }
  }
})
