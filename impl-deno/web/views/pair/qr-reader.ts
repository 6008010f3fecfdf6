// Reads QR codes from pictures: the browser does it where it can, else a decoder that is loaded when it is first needed.

import { lookAt } from './look.ts'

/** The texts of the codes in a picture; none where there is none. */
export type QrReader = (picture: ImageBitmapSource) => Promise<readonly string[]>

interface Detector {
  detect(picture: ImageBitmapSource): Promise<readonly { readonly rawValue: string }[]>
}

/** The platform's, which not every browser has. */
interface DetectorClass {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<readonly string[]>
}

const FORMAT = 'qr_code'
/** Of the longer side of a picture from a file, in pixels: more finds no more codes. */
const MOST = 1_600

async function platformDetector(): Promise<Detector | undefined> {
  const { BarcodeDetector: Platform } = globalThis as { BarcodeDetector?: DetectorClass }
  const formats = await Platform?.getSupportedFormats().catch((): readonly string[] => [])
  return Platform && formats?.includes(FORMAT) ? new Platform({ formats: [FORMAT] }) : undefined
}

async function loadedDetector(): Promise<Detector> {
  const { BarcodeDetector } = await import('qr/decode.js')
  const detector = new BarcodeDetector({ formats: [FORMAT] })
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d', { willReadFrequently: true })
  let turn = 0
  const seen = (video: HTMLVideoElement): ImageData | undefined => {
    const { x, y, width, height, columns, rows } = lookAt(video.videoWidth, video.videoHeight, turn++)
    canvas.width = columns
    canvas.height = rows
    context?.drawImage(video, x, y, width, height, 0, 0, columns, rows)
    return context?.getImageData(0, 0, columns, rows)
  }
  return { detect: (picture) => detector.detect((picture instanceof HTMLVideoElement && seen(picture)) || picture) }
}

/** Rejects where the decoder is needed and cannot be loaded. */
export async function openQrReader(): Promise<QrReader> {
  const platform = await platformDetector()
  let isPlatform = platform !== undefined
  let detector = platform ?? (await loadedDetector())
  return async (picture) => {
    try {
      return (await detector.detect(picture)).map(({ rawValue }) => rawValue)
    } catch (error) {
      if (!isPlatform) throw error
      // Some browsers know the format, and have nothing on the device that could read it.
      isPlatform = false
      detector = await loadedDetector()
      return []
    }
  }
}

/** Reads a file of the person; none also where it is no picture. Rejects like `openQrReader`. */
export async function readPicture(file: Blob): Promise<readonly string[]> {
  const read = await openQrReader()
  const whole = await createImageBitmap(file).catch(() => undefined)
  if (!whole) return []
  const scale = Math.min(1, MOST / Math.max(whole.width, whole.height))
  const [resizeWidth, resizeHeight] = [whole.width, whole.height].map((side) => Math.max(1, Math.round(side * scale)))
  const size = { resizeWidth: resizeWidth as number, resizeHeight: resizeHeight as number }
  const picture = await createImageBitmap(whole, size)
  // Again, where the browser could not, with the decoder.
  const texts = await read(picture)
  return texts.length > 0 ? texts : read(picture)
}
