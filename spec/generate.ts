// node spec/generate.ts [--check]: everything that is generated from schemas/src and the prose. With --check it
// compares and leaves the traceability to npm run spec, because that changes with every test and vector.

import { emitSuite } from '../conformance/generated.ts'
import { emitKills } from '../conformance/mutants/emit.ts'
import { emitRequiredSet } from '../conformance/requirements/agree.ts'
import { emitDist } from '../schemas/generate/main.ts'
import { emitAsyncapi } from './generate-asyncapi.ts'
import { emitTables } from './tables.ts'
import { emitTrace } from './trace.ts'

emitDist()
emitAsyncapi()
emitTables()
if (!process.argv.includes('--check')) emitTrace()
emitKills()
emitRequiredSet()
emitSuite()
