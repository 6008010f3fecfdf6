// What a program has to say, of a size that a scenario names: to a controller under test a prompt, which it sends; to
// an agent under test the text of its assistant, which it tells.

import { randomUUID } from 'node:crypto'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import type { Running } from './running.ts'

/** The longest text that fits into a line of the shim protocol, with room for the rest of the line. */
const LONGEST_PROMPT = 700_000

/** An assistant that answers the prompt "say 300" with 300 letters. */
export const sayingScript = {
  name: 'Saying assistant',
  replies: [10, 300, 5_000, 60_000, 200_000, 600_000].map((size) => ({
    when: `^say ${size}$`,
    steps: [{ do: 'text', text: 'x', repeat: size }],
  })),
  otherwise: [{ do: 'text', text: 'what?' }],
}

/** Gives the program something to say, once for each size, and does not wait until it is said. */
export async function giveToSay(running: Running, sizes: readonly number[]): Promise<void> {
  const { peer, program } = running
  if (!(peer instanceof ScriptedAgent)) {
    for (const size of sizes) {
      const params = { prompt: `say ${size}` }
      await peer.sendMessage({ id: randomUUID(), type: 'request', method: 'claude.sendMessage', params })
    }
    return
  }
  for (const size of sizes) {
    const prompt = 'x'.repeat(Math.min(size, LONGEST_PROMPT))
    // It waits for its answer, which may never come.
    program.ask('call', { method: 'claude.sendMessage', params: { prompt } }, 3_600_000).catch(() => {})
  }
}

/** Gives the program `count` small messages to send, and waits until it has sent what it may. */
export async function giveMessages(running: Running, count: number): Promise<void> {
  if (running.peer instanceof ScriptedAgent) await giveToSay(running, Array<number>(count).fill(10))
  else for (let i = 0; i < count; i++) await running.sendProbe()
  await running.stage.settle()
}

/** The scripted agent accepts a prompt. */
export const accepted = (id: string): Message => ({
  id,
  type: 'response',
  result: { messageId: randomUUID(), state: 'queued' },
})

/** The member of a message that travels as a stream where it is large. */
export const bodyOf = (message: Message): unknown =>
  'result' in message ? message.result : 'params' in message && message.params

/** How many bytes of a stream of the program have come, each counted once. */
export function streamed({ peer }: Running, streamId: number): number {
  const chunks = peer.heard.flatMap((heard) =>
    heard.kind === 'chunk' && heard.chunk.streamId === streamId ? [heard.chunk] : [],
  )
  const lengths = new Map(chunks.map(({ offset, bytes }) => [offset, bytes.length]))
  return [...lengths.values()].reduce((sum, length) => sum + length, 0)
}
