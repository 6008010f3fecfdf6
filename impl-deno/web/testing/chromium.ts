// A real Chromium for a test: Debian's where it is installed, else the one inside an npm package.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

async function executable(): Promise<string> {
  const installed = INSTALLED.find((path) => existsSync(path))
  if (installed) return installed
  const { default: packaged } = await import('@sparticuz/chromium')
  return packaged.executablePath()
}

export interface Browser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** With a profile of its own, which goes away with it. Throws one clear line where none can be started. */
export async function startChromium(flags: readonly string[] = []): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'happy-remote-chromium-'))
  const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  try {
    const executablePath = await executable()
    const context = await chromium.launchPersistentContext(profile, { executablePath, args: [...FLAGS, ...flags] })
    const close = async () => {
      await context.close()
      remove()
    }
    return { context, close }
  } catch (error) {
    remove()
    const [reason] = (error as Error).message.split('\n')
    throw new Error(`This test needs Chromium, and none can be started (apt-get install chromium): ${reason}`)
  }
}
