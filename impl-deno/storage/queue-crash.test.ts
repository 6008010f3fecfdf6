import assert from 'node:assert/strict'
import { work } from '../testing/queue-program.ts'

const PROGRAM = new URL('../testing/queue-program.ts', import.meta.url).pathname

/** Whether it was killed at that write. */
async function isKilled(folder: string, killAt: number, when: string): Promise<boolean> {
  const args = ['run', '--quiet', '--no-prompt', '--allow-all', PROGRAM, folder, `${killAt}`, when]
  const { signal, success, stderr } = await new Deno.Command(Deno.execPath(), { args, stderr: 'piped' }).output()
  assert.ok(success || signal === 'SIGKILL', new TextDecoder().decode(stderr))
  return !success
}

for (const when of ['before', 'after']) {
  Deno.test(`a program that is killed ${when} any write has lost no command, and sends none twice`, async () => {
    let wasKilled = true
    for (let killAt = 1; wasKilled; killAt++) {
      const folder = await Deno.makeTempDir()
      wasKilled = await isKilled(folder, killAt, when)
      if (wasKilled) await work(folder)
      const log = (await Deno.readTextFile(`${folder}/log`)).trim().split('\n')
      await Deno.remove(folder, { recursive: true })
      const of = (said: string) => [
        ...new Set(log.filter((line) => line.startsWith(`${said} `)).map((line) => line.slice(said.length + 1))),
      ]
      const idOf = (line: string) => line.slice(0, 36)
      const point = `killed ${when} write ${killAt}`
      const ended = of('ended').map(idOf)
      assert.equal(ended.length, 4, point)
      assert.deepEqual(
        of('given')
          .map(idOf)
          .filter((id) => !ended.includes(id)),
        [],
        `lost, ${point}`,
      )
      // One id a text and one text an id.
      assert.equal(new Set(of('sent').map(idOf)).size, of('sent').length, point)
      assert.equal(new Set(of('sent').map((line) => line.slice(37, 38))).size, of('sent').length, point)
      assert.ok(killAt < 60, 'it never comes to its end')
    }
  })
}
