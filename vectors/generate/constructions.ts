// Every vector file.

import { bundleFile } from './bundle.ts'
import type { Construction } from './file.ts'
import { handshakeFile } from './handshake.ts'
import { certFile, deviceIdFile, labelsFile } from './identity.ts'
import { knownAnswersFile } from './known-answers.ts'
import { qrFile } from './qr.ts'

export const constructions: readonly Construction[] = [
  knownAnswersFile,
  labelsFile,
  deviceIdFile,
  certFile,
  bundleFile(1),
  bundleFile(2),
  qrFile,
  handshakeFile,
]
