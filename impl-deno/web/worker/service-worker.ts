// The service worker: keeps the files of one release of the page, and answers with them, so that the page opens without a
// network. The build makes one file of it, and tells it what the release is made of. A newer one waits until the person
// asks for it, so that no page is swapped while it is used.

/** Its files with their hashes, by their paths below the page, and a name for all of them together. */
declare const RELEASE: {
  readonly name: string
  readonly files: readonly (readonly [path: string, integrity: string])[]
}

interface Phase extends Event {
  waitUntil(work: Promise<unknown>): void
}

interface Asking extends Event {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}

/** As much of a ServiceWorkerGlobalScope as is used: the library of the page's types knows none. */
declare const self: {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', act: (event: Phase) => void): void
  addEventListener(type: 'fetch', act: (event: Asking) => void): void
  addEventListener(type: 'message', act: (event: MessageEvent) => void): void
}

const CACHES = 'release '
const CACHE = CACHES + RELEASE.name
const PAGE = 'index.html'
/** Where the page is asked for; behind the # of the last one stands a pairing code. */
const PAGE_PATHS: readonly string[] = ['', PAGE, 'pair']
/** The build names these by their content. */
const NAMED_BY_CONTENT = 'assets/'

/** The page is asked for where no server sends a browser on from. */
const urlOf = (path: string): string => new URL(path === PAGE ? './' : path, self.registration.scope).href

/** All of it or nothing: a file that is not the one of this release, as on a server in the middle of an update, fails. */
async function keep(): Promise<void> {
  const cache = await caches.open(CACHE)
  await Promise.all(
    RELEASE.files.map(async ([path, integrity]) => {
      const url = urlOf(path)
      const answer = await fetch(url, { integrity, cache: path.startsWith(NAMED_BY_CONTENT) ? 'default' : 'no-cache' })
      if (!answer.ok) throw new TypeError(`Cannot keep ${path}: the server answers ${answer.status}`)
      await cache.put(url, answer)
    }),
  )
}

/** The release before this one stays, for a tab that still shows it and has not loaded all of it. */
async function forgetOlder(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== CACHE)
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)))
}

/** A browser may have thrown away what was kept. */
async function answer(request: Request, path: string): Promise<Response> {
  const url = urlOf(PAGE_PATHS.includes(path) ? PAGE : path)
  const own = await caches.open(CACHE).then((cache) => cache.match(url, { ignoreVary: true }))
  return own ?? (await caches.match(url, { ignoreVary: true })) ?? fetch(request)
}

const isKept = (path: string): boolean =>
  PAGE_PATHS.includes(path) || path.startsWith(NAMED_BY_CONTENT) || RELEASE.files.some(([name]) => name === path)

self.addEventListener('install', (event) => event.waitUntil(keep()))
self.addEventListener('activate', (event) => event.waitUntil(forgetOlder().then(() => self.clients.claim())))
self.addEventListener('message', ({ data }) => {
  if (data === 'take over') void self.skipWaiting()
})
self.addEventListener('fetch', (event) => {
  const { method, url } = event.request
  const { scope } = self.registration
  const [plain = ''] = url.split(/[?#]/, 1)
  if (method !== 'GET' || !plain.startsWith(scope)) return
  const path = plain.slice(scope.length)
  if (isKept(path)) event.respondWith(answer(event.request, path))
})

export {}
