// The camera, in real Chromium: a video of what the real agent shows at its terminal stands in for it.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { encodeQR } from 'qr'
import { decodeQR } from 'qr/decode.js'
import { codeOf } from './testing/code.ts'
import type { Runtime } from './testing/program.ts'
import { assertAccessible, digitsOn } from './testing/scene.ts'
import { startStage } from './testing/stage.ts'
import { type Cell, TerminalProgram } from './testing/terminal-program.ts'
import { drawn, videoOf } from './testing/video.ts'

const TIME = { timeout: 240_000 }
const PHONE = { width: 390, height: 844 }

/** The code as a terminal shows it: two rows of modules a line. */
function cellsOf(text: string): Cell[][] {
  const code = encodeQR(text, 'raw', { border: 4 })
  const lines = Array.from({ length: Math.ceil(code.length / 2) }, (_, i) => [code[2 * i] ?? [], code[2 * i + 1] ?? []])
  return lines.map(([upper = [], lower = []]) =>
    upper.map((dark, x) => ({ text: dark ? (lower[x] ? '█' : '▀') : lower[x] ? '▄' : ' ', ink: 0, paper: 255 })),
  )
}

/** A terminal gets a code in parts, and draws what it has. */
function hasWholeCode(cells: readonly (readonly Cell[])[]): boolean {
  const { width, height, pixels } = drawn(cells)
  try {
    return (
      decodeQR({ width, height, data: Uint8Array.from([...pixels].flatMap((grey) => [grey, grey, grey, 255])) }) !== ''
    )
  } catch {
    return false
  }
}

/** Browser, relay, and a file that is the camera. */
async function startCamera() {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-camera-'))
  const file = join(folder, 'camera.y4m')
  const fake = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']
  const stage = await startStage({ flags: [...fake, `--use-file-for-fake-video-capture=${file}`] })
  await stage.tab.setViewportSize(PHONE)
  await stage.context.addInitScript(() => {
    // Who has opened a camera has to let go of it.
    const tracks: MediaStreamTrack[] = []
    Object.assign(globalThis, { tracks })
    // An empty page has none.
    const media = navigator.mediaDevices as MediaDevices | undefined
    if (!media) return
    const open = media.getUserMedia.bind(media)
    media.getUserMedia = async (wanted) => {
      const stream = await open(wanted)
      tracks.push(...stream.getTracks())
      return stream
    }
  })
  return {
    ...{ ...stage, folder },
    // In its place: a camera that is still being let go of reads on.
    show(cells: readonly (readonly Cell[])[]) {
      writeFileSync(file, videoOf(drawn(cells)), { flag: existsSync(file) ? 'r+' : 'w' })
    },
    async close() {
      await stage.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** All cameras that were opened in this life of the page are let go of. */
const letGo = async (tab: Page, opened: number): Promise<void> => {
  await tab.waitForFunction((count) => {
    const { tracks } = globalThis as unknown as { tracks: MediaStreamTrack[] }
    return tracks.length === count && tracks.every(({ readyState }) => readyState === 'ended')
  }, opened)
}

const startScan = (tab: Page) => tab.getByRole('button', { name: 'Scan the code' }).click()

test('a code that is not of an agent is told, and one of the terminal of the real agent pairs', TIME, async () => {
  const camera = await startCamera()
  const { tab, site, folder, relayUrl } = camera
  const agents: TerminalProgram[] = []
  try {
    for (const [at, runtime] of (['node', 'deno'] as const satisfies readonly Runtime[]).entries()) {
      const workspace = mkdtempSync(join(folder, `${runtime}-`))
      const options = ['--relay', relayUrl, '--workspace', workspace, '--state', join(workspace, '.state')]
      const agent = new TerminalProgram(
        ['agent', ...options, '--name', `${runtime} desk`, '--pair'],
        runtime,
        workspace,
      )
      agents.push(agent)
      camera.show(cellsOf('https://example.org/'))
      await tab.goto('about:blank')
      await tab.goto(`${site.url}#/pair`)
      await tab.getByRole('button', { name: 'Scan the code' }).waitFor()
      // Nothing is asked before a touch.
      await letGo(tab, 0)
      await startScan(tab)
      await tab.getByRole('status').filter({ hasText: 'not one of an agent' }).waitFor()
      if (at === 0) await assertAccessible(tab)
      await tab.getByRole('button', { name: 'Stop the camera' }).click()
      await letGo(tab, 1)
      assert.equal(
        await tab.evaluate(() => document.activeElement?.textContent),
        'Scan the code',
        'the keyboard is lost with the camera',
      )

      await agent.shows(() => hasWholeCode(agent.cells))
      camera.show(agent.cells)
      await startScan(tab)
      await tab.getByRole('heading', { name: 'Pair with this computer?' }).waitFor()
      await letGo(tab, 2)
      await tab.getByRole('button', { name: 'Pair', exact: true }).click()
      await tab.locator('.digits').waitFor()
      await agent.shows(/six digits/)
      agent.type(await digitsOn(tab))
      await tab.getByRole('button', { name: 'Open' }).click()
      await tab.getByRole('heading', { name: `${runtime} desk` }).waitFor()
      await tab.locator('.computer').getByText('Online, heard').waitFor()
    }
  } finally {
    for (const agent of agents) await agent.stop()
    await camera.close()
  }
})

test('each trouble with the camera has its sentence, and the other ways stay', TIME, async () => {
  const camera = await startCamera()
  const { tab, site } = camera
  try {
    await tab.goto(`${site.url}#/pair`)
    for (const [name, sentence] of [
      ['NotAllowedError', 'may not use the camera'],
      ['NotFoundError', 'no camera that a page can use'],
      ['NotReadableError', 'Another program uses the camera'],
      ['TypeError', 'does not work here'],
    ] as const) {
      await tab.evaluate((error) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', error))
      }, name)
      await startScan(tab)
      await tab.getByRole('alert').filter({ hasText: sentence }).waitFor()
      await tab.getByLabel('Pairing code or link').waitFor()
    }
    await assertAccessible(tab)
    await tab.evaluate(() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined }))
    await startScan(tab)
    await tab.getByRole('alert').filter({ hasText: 'no camera that a page can use' }).waitFor()
  } finally {
    await camera.close()
  }
})

test(
  'the detector of the browser is used where there is one, and codes that cannot be used are told',
  TIME,
  async () => {
    const camera = await startCamera()
    const { tab, site } = camera
    const now = Math.floor(Date.now() / 1_000)
    try {
      camera.show(cellsOf(codeOf(now - 3_600)))
      await tab.addInitScript(() => {
        const found: { text?: string } = {}
        class BarcodeDetector {
          static getSupportedFormats = () => Promise.resolve(['qr_code'])
          async detect() {
            if (found.text === undefined) throw new DOMException('', 'NotSupportedError')
            return [{ rawValue: found.text }]
          }
        }
        Object.assign(globalThis, { found, BarcodeDetector })
        // A camera with a light.
        const { prototype } = MediaStreamTrack
        prototype.getCapabilities = () => ({ torch: true }) as MediaTrackCapabilities
        prototype.applyConstraints = async (wanted) => void Object.assign(found, { wanted })
      })
      const finds = (text: string | undefined) =>
        tab.evaluate((said) => {
          Object.assign((globalThis as unknown as { found: object }).found, { text: said })
        }, text)
      await tab.goto(`${site.url}#/pair`)
      const alert = tab.getByRole('alert')

      await finds('WIFI:S:guests;;')
      await startScan(tab)
      await tab.getByRole('status').filter({ hasText: 'not one of an agent' }).waitFor()
      await tab.getByRole('button', { name: 'Light' }).click()
      await tab.locator('[aria-pressed=true]').waitFor()
      assert.deepEqual(
        await tab.evaluate(() => (globalThis as unknown as { found: { wanted: object } }).found.wanted),
        {
          advanced: [{ torch: true }],
        },
      )
      await finds(codeOf(now + 60, 9))
      await alert.filter({ hasText: 'of another version' }).waitFor()
      await letGo(tab, 1)

      // It says that it can, and cannot: the page's own decoder reads the video.
      await finds(undefined)
      await startScan(tab)
      await alert.filter({ hasText: 'This code has expired' }).waitFor()

      const picture = (text: string) => ({
        ...{ name: 'code.gif', mimeType: 'image/gif' },
        buffer: Buffer.from(encodeQR(text, 'gif', { scale: 4, border: 4 })),
      })
      const file = tab.getByLabel('Read it from a picture')
      await file.setInputFiles({ name: 'no.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF') })
      await alert.filter({ hasText: 'no code to be read in this picture' }).waitFor()
      await file.setInputFiles(picture('https://example.org/'))
      await alert.filter({ hasText: 'not one of an agent' }).waitFor()
      await file.setInputFiles(picture(codeOf(now + 60)))
      await tab.getByRole('heading', { name: 'Pair with this computer?' }).waitFor()
    } finally {
      await camera.close()
    }
  },
)
