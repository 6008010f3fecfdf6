// How long a frame and its echo take, one after the other.

import type { Pair } from './pair.ts'

/** Ms of each of `count` frames. Rejects where a connection ends. */
export async function echoTimes({ a, b, aToB, bToA, arriving }: Pair, count: number): Promise<number[]> {
  const times: number[] = []
  let back = Promise.withResolvers<void>()
  const each = (onFrame: () => void) => {
    let bytes = 0
    return (chunk: Buffer) => {
      for (bytes += chunk.length; bytes >= arriving; bytes -= arriving) onFrame()
    }
  }
  const sockets = [a.socket, b.socket]
  const onEnd = () => back.reject(new Error('Cannot measure an echo: a connection has ended'))
  for (const socket of sockets) socket.on('close', onEnd)
  const stops = [b.listen(each(() => b.socket.write(bToA))), a.listen(each(() => back.resolve()))]
  try {
    for (let at = 0; at < count; at++) {
      const began = performance.now()
      back = Promise.withResolvers<void>()
      if (sockets.some(({ destroyed }) => destroyed)) onEnd()
      a.socket.write(aToB)
      await back.promise
      times.push(performance.now() - began)
    }
  } finally {
    for (const stop of stops) stop()
    for (const socket of sockets) socket.off('close', onEnd)
  }
  return times
}
