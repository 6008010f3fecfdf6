// Every number of the protocol that is a limit or a time (spec/*.md quotes this table).

type Unit = 'ms' | 'bytes' | 'frames' | 'messages' | 'count'

const table = {
  qrTtl: [120_000, 'ms', 'default life of a pairing code'],
  qrTtlMax: [600_000, 'ms', 'longest life of a pairing code'],
  qrSkew: [300_000, 'ms', 'clock skew that a controller forgives when it judges the expiry'],
  qrHost: [64, 'bytes', 'longest relay address in a pairing code'],
  openFailures: [20, 'count', 'M1 messages that do not open before a pairing code is given up'],
  sasTries: [3, 'count', 'tries to type the six digits'],
  sasTime: [60_000, 'ms', 'time to type the six digits'],
  m2Time: [30_000, 'ms', 'time in which a controller waits for M2'],
  m1Resend: [15_000, 'ms', 'after which a controller sends the same M1 once more'],
  m3Time: [30_000, 'ms', 'time in which an agent waits for M3'],
  completeTime: [90_000, 'ms', 'time in which a controller waits for pair.complete'],
  completeRepeat: [2_000, 'ms', 'between two sendings of pair.complete'],
  pairAckTime: [10_000, 'ms', 'after which an agent counts a stored pairing as paired without pair.ack'],
  unconfirmedTtl: [600_000, 'ms', 'life of a record that the agent has not confirmed'],
  bundles: [8, 'count', 'unanswered prekey bundles that a controller keeps'],
  bundleTtl: [60_000, 'ms', 'life of an unanswered prekey bundle'],
  rekeyRuns: [4, 'count', 'unfinished rekey runs that an agent keeps per pairing'],
  rekeyRunTtl: [30_000, 'ms', 'life of an unfinished rekey run'],
  rekeyRate: [1_000, 'ms', 'least time between two different R1 that an agent answers, per pairing'],
  rekeyGap: [10_000, 'ms', 'least time between two rekeys by trigger'],
  rekeyGapMax: [300_000, 'ms', 'longest time between two rekeys by trigger while they fail'],
  rekeyAskQuiet: [10_000, 'ms', 'a REKEY_ASK is not honoured when a frame opened this recently'],
  graceTime: [30_000, 'ms', 'for which a replaced session still receives'],
  maxSkip: [256, 'messages', 'messages that may be skipped at once'],
  skippedKeys: [256, 'count', 'skipped message keys kept'],
  skippedTtl: [600_000, 'ms', 'life of a skipped message key'],
  window: [128, 'frames', 'frames outstanding beyond the newest acknowledgement'],
  windowStream: [96, 'frames', 'the same for stream chunks, journal pages and deltas'],
  windowControl: [64, 'frames', 'further frames that control messages may use'],
  windowBytes: [1_048_576, 'bytes', 'bytes outstanding beyond the newest acknowledgement'],
  ackEvery: [32, 'frames', 'opened frames after which a receiver sends something'],
  ackDelay: [200, 'ms', 'after which a receiver acknowledges the first unacknowledged frame'],
  ackStall: [10_000, 'ms', 'without progress of ack, with frames outstanding, the peer counts as away'],
  sessions: [3, 'count', 'live sessions per pairing'],
  decryptFailures: [8, 'count', 'consecutive decrypt failures that trigger a rekey'],
  sessionAge: [2_592_000_000, 'ms', 'age at which a session is rekeyed'],
  sessionAgePostQuantum: [86_400_000, 'ms', 'age at which a suite 0x0002 session in use is rekeyed'],
  sessionMessages: [1_048_576, 'messages', 'messages in one direction after which a session is rekeyed'],
  plaintextMax: [262_144, 'bytes', 'largest padded plaintext frame'],
  messageMax: [65_536, 'bytes', 'largest JSON message'],
  chunkMax: [65_536, 'bytes', 'largest content of a stream chunk'],
  streamStall: [30_000, 'ms', 'after which a stream without progress is dropped'],
  terminalWindow: [262_144, 'bytes', 'default credit of a terminal stream'],
  terminalRing: [1_048_576, 'bytes', 'output kept per terminal'],
  terminalCoalesce: [20, 'ms', 'for which terminal output is gathered into one chunk'],
  terminalStall: [10_000, 'ms', 'longest time for which a pty is not read while no receiver has credit'],
  receiverSilence: [60_000, 'ms', 'after which a silent terminal receiver is detached'],
  batchMessages: [10, 'count', 'messages in a batch'],
  batchDelay: [50, 'ms', 'for which a message waits for company'],
  nameMax: [64, 'bytes', 'longest device or agent name'],
  helloEvery: [30_000, 'ms', 'between two hello while the peer is present'],
  presenceFresh: [60_000, 'ms', 'for which an authentic frame shows that the peer is present'],
  freshness: [120_000, 'ms', 'age of a challenge up to which a request is executed'],
  challenges: [8, 'count', 'challenges that stay valid per pairing'],
  clockDrift: [5_000, 'ms', 'drift between the two clocks that voids every challenge'],
  readTimeout: [30_000, 'ms', 'after which a request that only reads may be repeated'],
  relayBind: [10_000, 'ms', 'time to the first valid bind'],
  relaySilence: [45_000, 'ms', 'after which a relay closes a silent connection'],
  pingEvery: [15_000, 'ms', 'between two ping of a client'],
  deadLine: [60_000, 'ms', 'without a sign of the relay, after which a client reconnects'],
  backoffMin: [1_000, 'ms', 'first reconnection delay, before jitter'],
  backoffMax: [30_000, 'ms', 'longest reconnection delay, before jitter'],
  backoffReset: [30_000, 'ms', 'life of a connection after which the delay starts anew'],
  maxFrame: [262_400, 'bytes', 'least frame size that a relay accepts, and the default'],
  relayText: [4_096, 'bytes', 'largest text frame at the relay'],
  relayBuffer: [4_194_304, 'bytes', 'unsent bytes per socket beyond which frames to it are dropped'],
  relayRoutes: [64, 'count', 'routes per socket'],
  openFrames: [20, 'frames', 'frames that an open route accepts'],
  openFrameSize: [2_048, 'bytes', 'largest frame that an open route accepts'],
  openMemory: [600_000, 'ms', 'for which the relay remembers the count of an open route'],
  deliveryFailedRate: [1_000, 'ms', 'least time between two delivery-failed of one pair of routes'],
} as const satisfies Record<string, readonly [number, Unit, string]>

export type LimitName = keyof typeof table

/** Limit values by name; times are ms, sizes are bytes. */
export const limits = Object.fromEntries(Object.entries(table).map(([name, [value]]) => [name, value])) as {
  readonly [K in LimitName]: number
}

/** The same with units and meanings, for the spec's tables. */
export const limitTable: readonly { name: LimitName; value: number; unit: Unit; meaning: string }[] = Object.entries(
  table,
).map(([name, [value, unit, meaning]]) => ({ name: name as LimitName, value, unit, meaning }))
