// crypto/, session/, link/ and controller/ in real Chromium: a page pairs with an agent of the other
// implementation through its relay, and opens a shell.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'esbuild'
import { startChromium } from './testing/chromium.ts'
import type { Page } from './testing/page.ts'
import { Program } from './testing/program.ts'

declare const page: Page

const HTML = '<!doctype html><meta charset="utf-8"><title>Happy Remote Control</title><script src="/page.js"></script>'

/** What the page loads, as a server of a web controller would send it: nothing from elsewhere, and no eval. */
async function servePage() {
  const entry = new URL('./testing/page.ts', import.meta.url).pathname
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'iife', write: false })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'; connect-src ws://127.0.0.1:*")
    response.end(isScript ? script : HTML)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

test('a page pairs with an agent through a relay, opens a shell, and goes on after it was loaded again', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-browser-'))
  const { server, url } = await servePage()
  const relay = new Program('relay', ['--port', '0'])
  const browser = await startChromium()
  let agent: Program | undefined
  try {
    const listening = await relay.line('listening')
    const options = ['--relay', String(listening.url).replace(/\/v1$/, ''), '--workspace', folder]
    agent = new Program('agent', [...options, '--state', join(folder, 'state'), '--pair'])
    const { uri } = await agent.line('offer')
    const [tab = await browser.context.newPage()] = browser.context.pages()
    const errors: string[] = []
    tab.on('pageerror', ({ message }) => errors.push(message))
    await tab.goto(url)

    const digits = await tab.evaluate((code) => page.pair(code), String(uri))
    await agent.line('digits')
    agent.type(digits)
    const agentId = await tab.evaluate(() => page.paired())
    assert.equal((await agent.line('started')).deviceId, agentId)
    assert.match(await tab.evaluate(() => page.shell('echo from-$((6 * 7))-here', 'from-42-here')), /from-42-here/)

    await tab.reload()
    assert.equal(await tab.evaluate(() => page.resume()), agentId)
    const info = await tab.evaluate(() => page.info())
    assert.equal(info.workspace, folder)
    assert.deepEqual(await tab.evaluate(() => page.readableKeys()), [])
    assert.deepEqual(errors, [])
  } finally {
    await browser.close()
    await agent?.stop()
    await relay.stop()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
