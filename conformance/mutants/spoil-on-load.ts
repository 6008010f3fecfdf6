// node --import …/spoil-on-load.ts program: runs it with the fault that the environment names, or whole.

import { registerHooks } from 'node:module'
import { FAULT } from './mutant.ts'
import { addressOf, type Place, spoil } from './spoil.ts'

const text = process.env[FAULT]
if (text !== undefined) {
  const fault = JSON.parse(text) as Place
  const spoiled = addressOf(fault)
  registerHooks({
    load(address, context, next) {
      const loaded = next(address, context)
      if (address !== spoiled) return loaded
      const source =
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array)
      return { ...loaded, source: spoil(source, fault) }
    },
  })
  // A fault that does not load ends the program before it can say hello: trouble, not a kill.
  await import(spoiled)
}
