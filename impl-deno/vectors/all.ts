// Every group of the published vectors, defined.

import './crypto.ts'
import './handshake.ts'
import './known-answers.ts'
import './link.ts'
import './ratchet.ts'
import './relay.ts'

export { vectorAnswer } from './operation.ts'
