// What the relay tells its operator. Never a payload, a key, a signature or a whole route
// (relay.privacy.log).

/** The part of a pino logger that the relay uses. */
export interface Logger {
  debug(details: Record<string, unknown>, message: string): void
  info(details: Record<string, unknown>, message: string): void
  warn(details: Record<string, unknown>, message: string): void
  error(details: Record<string, unknown>, message: string): void
}

const nothing = () => {}
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The first four bytes of a route, for debug lines: enough to follow one route, too little to name it. */
export const shortRoute = (route: string): string => Buffer.from(route.slice(0, 4), 'latin1').toString('hex')

/**
 * Where an unexpected error came from. Its message is left out: it may quote what a client sent
 * (`JSON.parse` does).
 */
export function traceOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { error: error.name, at: frames.slice(0, 6).map((line) => line.trim()) }
}
