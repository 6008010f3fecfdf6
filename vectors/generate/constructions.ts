// Every vector file.

import type { Construction } from './file.ts'
import { knownAnswersFile } from './known-answers.ts'

export const constructions: readonly Construction[] = [knownAnswersFile]
