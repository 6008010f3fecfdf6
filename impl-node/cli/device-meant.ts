// Which devices a name or an id means, wherever a person gives one.

interface Named {
  readonly deviceId: string
  readonly name: string
}

/** Those of that name or whole id; where there are none, those whose ids begin so. None for an empty text. */
export function devicesMeant<D extends Named>(devices: readonly D[], wanted: string): readonly D[] {
  const id = wanted.toLowerCase().replace(/^hd1/, '')
  const named = devices.filter(({ deviceId, name }) => wanted !== '' && (deviceId === id || name === wanted))
  return named.length > 0 || id === '' ? named : devices.filter(({ deviceId }) => deviceId.startsWith(id))
}
