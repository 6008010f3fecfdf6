// Development server and release of the web controller.

import type { Plugin, UserConfig } from 'vite'
import { META_POLICY } from '../relay/policy.ts'
import { texts } from './texts.ts'

/** The development server needs more than the page may have, so the policy is in the release alone. */
const policy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: META_POLICY },
      injectTo: 'head-prepend',
    },
  ],
}

/** What the page shows first (`Opening` in views/doors.tsx), so that a slow network is not a white page. */
const opening: Plugin = {
  name: 'opening',
  transformIndexHtml: (html) =>
    html.replace(
      '<div id="app"></div>',
      `<div id="app"><main class="door"><p role="status">${texts.doors.opening}</p></main></div>`,
    ),
}

const config: UserConfig = {
  root: import.meta.dirname,
  base: './',
  plugins: [policy, opening],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    emptyOutDir: true,
  },
  server: { host: '127.0.0.1' },
}
export default config
