import { deepEqual, rejects } from 'node:assert/strict'
import { attached } from './attach.ts'

Deno.test('attached() reads images and text, and refuses what cannot go with a prompt', async () => {
  const folder = await Deno.makeTempDir()
  const file = async (name: string, bytes: Uint8Array) => {
    await Deno.writeFile(`${folder}/${name}`, bytes)
    return `${folder}/${name}`
  }
  const image = await file('Screen.PNG', new Uint8Array([0xff, 0]))
  const text = await file('notes', new TextEncoder().encode('é'))
  deepEqual(await attached(undefined), {})
  deepEqual(await attached(`${image},${text}`), {
    attachments: [
      { name: 'Screen.PNG', mediaType: 'image/png', data: '_wA' },
      { name: 'notes', mediaType: 'text/plain', data: 'w6k' },
    ],
  })
  await rejects(attached(await file('torn.txt', new Uint8Array([0xff]))), /no image, and not text/)
  await rejects(attached(await file('large', new Uint8Array(800_000))), { code: 'too-large' })
  await rejects(attached(`${folder}/none`), { name: 'CommandFailure' })
  await rejects(attached(`${text},`), { name: 'UsageError' })
  await rejects(attached(Array(11).fill(text).join()), { name: 'UsageError' })
  await Deno.remove(folder, { recursive: true })
})
