// Every vector file.

import { bundleFile } from './bundle.ts'
import { conversationFile } from './conversation.ts'
import type { Construction } from './file.ts'
import { handshakeFile } from './handshake.ts'
import { certFile, deviceIdFile, labelsFile } from './identity.ts'
import { knownAnswersFile } from './known-answers.ts'
import { paddingFile, plaintextFrameFile } from './plaintext.ts'
import { qrFile } from './qr.ts'
import { ratchetRejectFile } from './ratchet.ts'
import { relayBindFile } from './relay.ts'
import { confirmFile, sasCommitFile, sasFile, schedulePairFile, scheduleRekeyFile, transcriptFile } from './schedule.ts'
import { htagFile, kdfFile, messageFile, ratchetInitFile } from './session.ts'
import { stateImageFile } from './state.ts'
import { keyValidationFile, signatureValidationFile } from './validation.ts'
import { hsErrorFile, rekeyAskFile, wrapFile } from './wrap.ts'

export const constructions: readonly Construction[] = [
  knownAnswersFile,
  labelsFile,
  deviceIdFile,
  certFile,
  bundleFile(1),
  bundleFile(2),
  qrFile,
  wrapFile,
  transcriptFile,
  schedulePairFile,
  scheduleRekeyFile,
  confirmFile,
  sasFile,
  sasCommitFile,
  handshakeFile,
  hsErrorFile,
  rekeyAskFile,
  kdfFile,
  ratchetInitFile,
  htagFile,
  messageFile,
  paddingFile,
  plaintextFrameFile,
  stateImageFile,
  relayBindFile,
  keyValidationFile,
  signatureValidationFile,
  ratchetRejectFile,
  conversationFile,
]
