// IP addresses as numbers, to compare them with ranges.

export interface Ip {
  readonly bits: 32 | 128
  readonly value: bigint
}

function readV4(text: string): bigint | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return null
  const numbers = match.slice(1).map(Number)
  if (numbers.some((number) => number > 255)) return null
  return numbers.reduce((value, number) => (value << 8n) | BigInt(number), 0n)
}

function readV6(text: string): bigint | null {
  // The last 32 bits may be written as an IPv4 address.
  const dotted = /^(.*:)([\d.]+)$/.exec(text)
  const v4 = dotted?.[2]?.includes('.') ? readV4(dotted[2]) : null
  const whole = v4 === null ? text : `${dotted?.[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`
  const halves = whole.split('::')
  if (halves.length > 2) return null
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...left, ...new Array<string>(missing).fill('0'), ...right]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** Null for anything else. An IPv4 address that is written as IPv6 is an IPv4 address; a zone does not matter. */
export function readIp(text: string): Ip | null {
  const v4 = readV4(text)
  if (v4 !== null) return { bits: 32, value: v4 }
  const v6 = text.includes(':') ? readV6(text.split('%')[0] as string) : null
  if (v6 === null) return null
  return v6 >> 32n === 0xffffn ? { bits: 32, value: v6 & 0xffffffffn } : { bits: 128, value: v6 }
}

export interface IpRange {
  holds(ip: Ip): boolean
}

/** `10.0.0.0/8`, or one address; null for anything else. */
export function readRange(text: string): IpRange | null {
  const [address = '', size, ...rest] = text.split('/')
  const ip = readIp(address)
  if (!ip || rest.length > 0 || (size !== undefined && !/^\d{1,3}$/.test(size))) return null
  const kept = size === undefined ? ip.bits : Number(size)
  if (kept > ip.bits) return null
  const cut = BigInt(ip.bits - kept)
  return { holds: ({ bits, value }) => bits === ip.bits && value >> cut === ip.value >> cut }
}
