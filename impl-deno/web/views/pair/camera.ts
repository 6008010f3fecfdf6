// The camera of this device. It is asked for after a touch alone, and is let go of when nobody looks through it.

/** Why nothing can be read. `gone`: the system has taken the camera away; `unloaded`: what reads codes is not there. */
export type CameraTrouble = 'denied' | 'none' | 'busy' | 'insecure' | 'gone' | 'unloaded' | 'failed'

export class CameraFailure extends Error {
  readonly why: CameraTrouble

  constructor(why: CameraTrouble) {
    super(`Cannot use the camera: ${why}`)
    this.why = why
  }
}

export interface Camera {
  readonly stream: MediaStream
  /** Whether the system has taken it away. */
  readonly isGone: boolean
  /** Switches its light; undefined where it has none that a page can switch. */
  readonly light: ((on: boolean) => Promise<void>) | undefined
  stop(): void
}

const WANTED: MediaStreamConstraints = {
  audio: false,
  // The one on the back of a phone. Wishes alone: any camera is better than none.
  video: { facingMode: { ideal: 'environment' }, width: { ideal: 1_280 }, height: { ideal: 720 } },
}

const TROUBLES: Readonly<Record<string, CameraTrouble>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'none',
  OverconstrainedError: 'none',
  NotReadableError: 'busy',
  AbortError: 'busy',
}

/** The standard's, and not in every browser. */
type Light = { readonly torch?: boolean }

function lightOf(track: MediaStreamTrack | undefined): Camera['light'] {
  const capabilities = track?.getCapabilities?.() as Light | undefined
  if (!track || !capabilities?.torch) return undefined
  return (torch) => track.applyConstraints({ advanced: [{ torch } as MediaTrackConstraintSet] })
}

/** Asks the person where the browser wants to know. Throws CameraFailure. */
export async function openCamera(): Promise<Camera> {
  // Browsers hide it from a page that came without encryption.
  if (!navigator.mediaDevices) throw new CameraFailure(globalThis.isSecureContext ? 'none' : 'insecure')
  const stream = await navigator.mediaDevices.getUserMedia(WANTED).catch((error: Error) => {
    throw new CameraFailure(TROUBLES[error.name] ?? 'failed')
  })
  const [track] = stream.getVideoTracks()
  return {
    stream,
    get isGone() {
      return track?.readyState !== 'live'
    },
    light: lightOf(track),
    stop() {
      for (const each of stream.getTracks()) each.stop()
    },
  }
}
