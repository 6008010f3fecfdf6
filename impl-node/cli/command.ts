// What a sub-command is, and the exit codes of all of them.

/** Exit codes, the same for every sub-command and both implementations. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Nothing is paired, or no such device. */
  notPaired: 3,
  /** The relay or the peer could not be reached. */
  unreachable: 4,
  /** The peer refused: no capability, expired, wrong digits, denied. */
  refused: 5,
  /** A question of the assistant was left to others. */
  unanswered: 6,
  interrupted: 130,
} as const

export interface Command {
  readonly name: string
  /** One line for the list of sub-commands. */
  readonly summary: string
  /** The whole `--help` text. */
  readonly help: string
  /** Resolves to the exit code. */
  run(args: string[]): Promise<number>
}

/** A mistake in the words of a call; printed with a pointer to `--help`, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
