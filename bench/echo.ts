// How long a frame and its echo take, one after the other.

import type { Pair } from './pair.ts'

/** Ms of each of `count` frames. */
export async function echoTimes({ a, b, aToB, bToA, arriving }: Pair, count: number): Promise<number[]> {
  const times: number[] = []
  let resolve = () => {}
  const each = (onFrame: () => void) => {
    let bytes = 0
    return (chunk: Buffer) => {
      for (bytes += chunk.length; bytes >= arriving; bytes -= arriving) onFrame()
    }
  }
  const stops = [b.listen(each(() => b.socket.write(bToA))), a.listen(each(() => resolve()))]
  for (let at = 0; at < count; at++) {
    const began = performance.now()
    const back = new Promise<void>((done) => {
      resolve = done
    })
    a.socket.write(aToB)
    await back
    times.push(performance.now() - began)
  }
  for (const stop of stops) stop()
  return times
}
