// Which of the 16,384 slots of a Redis Cluster a name belongs to (Redis Cluster specification, Key distribution model).

const SLOTS = 16_384

/** CRC-16/XMODEM, polynomial 0x1021. */
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  }
  return crc & 0xffff
}

/** What stands in the first braces decides, where something does. */
export function slotOf(name: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(name)?.[1] ?? name
  return crc16(new TextEncoder().encode(tag)) % SLOTS
}
