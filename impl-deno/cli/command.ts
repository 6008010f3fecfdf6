// What a sub-command is, and how it ends the program.

/** Exit codes of every sub-command. */
export const EXIT_OK = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** Nothing is paired, or no such device. */
export const EXIT_NOT_PAIRED = 3
/** The relay or the peer cannot be reached. */
export const EXIT_UNREACHABLE = 4
/** No such right, expired, wrong digits, an ended pairing, no consent. */
export const EXIT_REFUSED = 5
/** A prompt was left while the assistant waits for an answer. */
export const EXIT_QUESTION = 6
/** Given up with Ctrl-C or SIGTERM. */
export const EXIT_GIVEN_UP = 130

/** The program was called wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** It was called rightly and cannot do it. The message is one sentence for people, without its full stop. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exit: number
  /** With --json: of the registry where it has one, else a word of the command line. */
  readonly code: string

  constructor(message: string, exit: number = EXIT_FAILED, code = 'failed') {
    super(message)
    this.exit = exit
    this.code = code
  }
}

/** What a command has of the world, so that a test can be the world. */
export interface CommandIo {
  /** One line on standard output. */
  out(line: string): void
  /** One line on standard error. */
  err(line: string): void
  /** An environment variable; undefined where it is not set or may not be read. */
  env(name: string): string | undefined
}

export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What `--help` shows. */
  readonly usage: string
  /** Resolves with the exit code; throws UsageError or CommandFailure. */
  run(args: readonly string[], io: CommandIo): Promise<number>
}

export const terminal: CommandIo = {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  env(name) {
    try {
      return Deno.env.get(name)
    } catch {
      // Without --allow-env there is no environment.
      return undefined
    }
  },
}

/** Runs a command and says why it failed; resolves with the exit code. */
export async function runCommand(command: Command, args: readonly string[], io: CommandIo = terminal): Promise<number> {
  const end = args.indexOf('--')
  // Also beside what is wrong: who asks for help is not told to ask for help.
  if ((end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h')) {
    io.out(command.usage)
    return EXIT_OK
  }
  try {
    return await command.run(args, io)
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof CommandFailure)) throw error
    const isUsage = error instanceof UsageError
    const message = isUsage ? `${error.message}. See happy-remote ${command.name} --help.` : `${error.message}.`
    const code = isUsage ? 'usage' : error.code
    io.err(args.includes('--json') ? JSON.stringify({ event: 'error', code, message }) : message)
    return isUsage ? EXIT_USAGE : error.exit
  }
}
