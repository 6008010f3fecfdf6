// One tab at a time holds the keys and the connections. Another one says so, and can take over: the one that holds them
// lets go when it is asked.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Store } from '../../session/store.ts'
import { openIndexedDb } from '../indexed-db.ts'

const channel = new BroadcastChannel('happy-remote')
const LET_GO = 'let-go'
/** Tries, and milliseconds between them, for the other tab to let go. */
const TRIES = 50
const PAUSE = 100

/** Undefined where another tab holds it. Throws ProtocolError. */
export async function openStore(): Promise<Store | undefined> {
  try {
    return await Store.open(await openIndexedDb())
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'state-locked') return undefined
    throw error
  }
}

/** Asks the other tab to let go, and opens the store when it has. Undefined where it does not. */
export async function takeOver(): Promise<Store | undefined> {
  channel.postMessage(LET_GO)
  for (let i = 0; i < TRIES; i++) {
    const store = await openStore()
    if (store) return store
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  return undefined
}

/** Another tab asks for it. */
export function onAskedToLetGo(letGo: () => void): void {
  channel.onmessage = ({ data }) => {
    if (data === LET_GO) letGo()
  }
}
