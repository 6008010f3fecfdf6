// Looks through the camera until a code is found.

import { type Camera, CameraFailure, openCamera } from './camera.ts'
import { openQrReader } from './qr-reader.ts'

/** Milliseconds between two looks, so that the page stays smooth while a decoder works in it. */
const PAUSE = 80

export interface Scanning {
  /** Ends it, without a word. */
  readonly signal: AbortSignal
  /** There is a picture. */
  opened(camera: Camera): void
  /** Whether the text is what is looked for. */
  found(text: string): boolean
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves when a text was taken, or `signal` says so. Throws CameraFailure. The camera is let go of in each case. */
export async function scan(video: HTMLVideoElement, { signal, opened, found }: Scanning): Promise<void> {
  // It loads while the person is asked for the camera.
  const reader = openQrReader().catch(() => undefined)
  const camera = await openCamera()
  signal.addEventListener('abort', () => camera.stop())
  try {
    if (signal.aborted) return
    video.srcObject = camera.stream
    opened(camera)
    await video.play()
    const read = await reader
    if (!read) throw new CameraFailure('unloaded')
    while (!signal.aborted) {
      if (camera.isGone) throw new CameraFailure('gone')
      const texts = video.readyState >= video.HAVE_CURRENT_DATA ? await read(video) : []
      if (!signal.aborted && texts.some(found)) return
      await after(PAUSE)
    }
  } catch (error) {
    if (!signal.aborted) throw error instanceof CameraFailure ? error : new CameraFailure('failed')
  } finally {
    camera.stop()
    video.srcObject = null
  }
}
