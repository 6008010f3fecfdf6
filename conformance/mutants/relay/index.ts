// All mutants of a relay.

import { bind } from './bind.ts'
import { connecting } from './connecting.ts'
import { frames } from './frames.ts'
import { life } from './life.ts'

export const relayMutants = [...connecting, ...bind, ...frames, ...life]
