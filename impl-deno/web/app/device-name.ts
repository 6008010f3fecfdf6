// What this device is called until its person gives it another name.

const KEY = 'device-name'
/** Bytes that a name may have. */
const MOST = 64

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Mac OS X/, 'Mac'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'Chromebook'],
  [/Linux/, 'Linux'],
]
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Firefox|FxiOS/, 'Firefox'],
  [/Edg/, 'Edge'],
  [/Chrome|CriOS/, 'Chrome'],
  [/Safari/, 'Safari'],
]

const found = (table: typeof SYSTEMS, other: string): string =>
  table.find(([pattern]) => pattern.test(navigator.userAgent))?.[1] ?? other

export const deviceName = (): string =>
  localStorage.getItem(KEY) ?? `${found(BROWSERS, 'Browser')} on ${found(SYSTEMS, 'a device')}`

export const keepDeviceName = (name: string): void => localStorage.setItem(KEY, name)

/** Cut to what a name may have, and never empty. */
export function fittingName(typed: string): string {
  const characters = [...typed.trim()]
  while (new TextEncoder().encode(characters.join('')).length > MOST) characters.pop()
  return characters.join('') || deviceName()
}
