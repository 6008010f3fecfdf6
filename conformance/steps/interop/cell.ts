// A cell of the interop matrix: a relay, an agent and one or two controllers, each a program of its own,
// none of them scripted. What they say to the suite is the transcript.

import type { Transcript } from '../../peers/transcript.ts'
import { Refused, type Tap } from '../../shim/driver.ts'
import type { Role } from '../../shim/lines.ts'
import { Failed, SuiteError } from '../../shim/trouble.ts'
import type { Parameters } from '../parameters.ts'
import { ProgramUnderTest } from '../program.ts'
import { OneRelay, type RelayProgram, TwoNodes } from './relay-program.ts'

/** ms for what takes a reconnection with its delays, or a rekey; machines with much to do are slow. */
export const PATIENCE = 60_000

const AGENT_NAME = 'desk'
/** Longer texts are cut in the transcript. */
const TEXT_SHOWN = 160

function brief(value: unknown): unknown {
  if (typeof value === 'string' && value.length > TEXT_SHOWN) return `${value.slice(0, TEXT_SHOWN)}… (${value.length})`
  if (Array.isArray(value)) return value.map(brief)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, brief(inner)]))
}

export interface ControllerInCell {
  readonly name: string
  readonly program: ProgramUnderTest
}

export class Cell {
  readonly transcript: Transcript
  readonly #parameters: Parameters
  readonly #programs: ProgramUnderTest[] = []
  readonly relay: RelayProgram
  #agent: ProgramUnderTest | undefined
  readonly #controllers = new Map<string, ControllerInCell>()
  /** The text of the newest pairing code. */
  uri = ''
  /** The six digits that the controller shows. */
  digits = ''
  /** The terminal that the last step opened. */
  terminal: { id: string; written: number } | undefined
  /** Its output until now, and the offset of what follows. */
  output = { text: '', end: 0 }
  /** Lines that were typed into it. */
  typed = 0
  /** The code with which the last answer to a permission request was refused. */
  refusal = ''
  /** What a step found and a later one judges. */
  found: unknown

  constructor(parameters: Parameters, transcript: Transcript) {
    this.#parameters = parameters
    this.transcript = transcript
    const { targets, secondNode } = parameters
    const tap = this.#tapOf('relay')
    this.relay = secondNode ? new TwoNodes([targets.relay, secondNode], tap) : new OneRelay(targets.relay, tap)
  }

  get agent(): ProgramUnderTest {
    if (!this.#agent) throw new SuiteError('No step has started the agent')
    return this.#agent
  }

  get agentName(): string {
    return AGENT_NAME
  }

  controller(name: string): ControllerInCell {
    const found = this.#controllers.get(name)
    if (!found) throw new SuiteError(`No step has started ${name}`)
    return found
  }

  async begin(script?: unknown): Promise<void> {
    await this.relay.start()
    this.#agent = this.#make('agent', 'agent')
    const options = { name: AGENT_NAME, keepState: true, ...(script !== undefined && { script }) }
    await Promise.all([this.#agent.start(options), this.addController('the controller', 'phone')])
  }

  async addController(name: string, deviceName: string): Promise<ControllerInCell> {
    const program = this.#make('controller', name.replace(/^the /, ''))
    const made = { name: deviceName, program }
    this.#controllers.set(name, made)
    await program.start({ name: deviceName, keepState: true })
    return made
  }

  /** The agent shows a code, and the controller scans it and shows its digits. */
  async scan({ program }: ControllerInCell): Promise<void> {
    const { uri } = await this.agent.ask('offer', {})
    this.uri = uri
    // Nothing tells from when on the relay knows the route of the code, so the controller scans it again
    // where nobody answered, as a person does.
    await eventually('Nobody answers the code', async () => {
      try {
        this.digits = (await program.ask('pair', { uri })).digits
        return true
      } catch (error) {
        if (error instanceof Refused && error.code === 'timeout') return false
        throw error
      }
    })
  }

  /** The person types the digits, and both tell that they are paired. */
  async confirm({ program }: ControllerInCell): Promise<void> {
    await this.agent.ask('confirm', { digits: this.digits })
    await this.agent.expectEvent('paired', () => true, PATIENCE)
    await program.expectEvent('paired', () => true, PATIENCE)
  }

  async pair(controller: ControllerInCell): Promise<void> {
    await this.scan(controller)
    await this.confirm(controller)
  }

  /** Ends all programs. Throws Failed or ShimBroken where one did not hold out until now. */
  async end(): Promise<void> {
    const ends = await Promise.allSettled([...this.#programs.map((program) => program.end()), this.relay.end()])
    for (const each of ends) if (each.status === 'rejected') throw each.reason
  }

  #tapOf(name: string): Tap {
    return (direction, line) => {
      const [from, to] = direction === 'to' ? ['suite', name] : [name, 'suite']
      this.transcript.add(from as string, to as string, brief(line), JSON.stringify(line).length + 1)
    }
  }

  #make(role: Role, name: string): ProgramUnderTest {
    const target = this.#parameters.targets[role]
    if (!target) throw new SuiteError(`The cell has no ${role}`)
    const program = new ProgramUnderTest(target, this.relay.url, this.#tapOf(name))
    this.#programs.push(program)
    return program
  }
}

/** Waits until `holds`. Throws Failed with `what`. */
export async function eventually(what: string, holds: () => Promise<boolean>, time = PATIENCE): Promise<void> {
  const deadline = performance.now() + time
  for (;;) {
    if (await holds()) return
    if (performance.now() > deadline) throw new Failed(`${what} within ${time / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
