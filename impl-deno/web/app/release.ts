// The service worker that keeps this release for when there is no network, and a newer release, which waits until the
// person asks for it. Where there is no worker, or it fails, the page is what it is without one.

import { signal } from '@preact/signals'

const WORKER = './service-worker.js'
/** Milliseconds between two looks for a newer release, at times when the page is looked at again. */
const LOOK_EVERY = 3_600_000

interface ScriptUrls {
  createScriptURL(url: string): string
}

interface TrustedTypes {
  createPolicy(name: string, rules: ScriptUrls): ScriptUrls
}

/** A newer release is here. */
export const isNewer = signal(false)
let registration: ServiceWorkerRegistration | undefined
let isAskedFor = false

/** The one address that the policy of the page (../relay/policy.ts) lets be a script of its own. */
function workerUrl(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  return trustedTypes?.createPolicy('service-worker', { createScriptURL: () => WORKER }).createScriptURL('') ?? WORKER
}

async function register(container: ServiceWorkerContainer): Promise<void> {
  let wasControlled = container.controller !== null
  const made = await container.register(workerUrl(), { updateViaCache: 'none' })
  registration = made
  const look = () => {
    if (made.waiting && container.controller) isNewer.value = true
  }
  look()
  made.addEventListener('updatefound', () => made.installing?.addEventListener('statechange', look))
  container.addEventListener('controllerchange', () => {
    if (isAskedFor) location.reload()
    // Another tab has asked for it.
    else if (wasControlled) isNewer.value = true
    wasControlled = true
  })
  let lookedAt = Date.now()
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || Date.now() - lookedAt < LOOK_EVERY) return
    lookedAt = Date.now()
    made.update().catch(() => {})
  })
}

/** Once the page is there, so that nothing of it waits. */
export function keepRelease(): void {
  const { serviceWorker } = navigator
  if (!serviceWorker || !import.meta.env.PROD) return
  addEventListener('load', () => {
    register(serviceWorker).catch((error: Error) => console.warn(`This page is not kept for later: ${error.message}`))
  })
}

/** Shows the newer release. */
export function takeNewer(): void {
  isAskedFor = true
  const waiting = registration?.waiting
  if (waiting) waiting.postMessage('take over')
  else location.reload()
}
