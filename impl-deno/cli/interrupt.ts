// Ctrl-C, SIGTERM and the end of the terminal while a command waits.

import { CommandFailure, EXIT_GIVEN_UP } from './command.ts'

/** Runs `act`; a signal ends it with exit code 130. */
export async function orInterrupted<T>(act: Promise<T>): Promise<T> {
  const given = Promise.withResolvers<never>()
  const stop = () => given.reject(new CommandFailure('Given up', EXIT_GIVEN_UP, 'given-up'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) Deno.addSignalListener(signal, stop)
  try {
    return await Promise.race([act, given.promise])
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) Deno.removeSignalListener(signal, stop)
  }
}
