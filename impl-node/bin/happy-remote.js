#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// An older Node cannot even read the program, which is TypeScript: this file, in words that it knows, says so.

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('happy-remote needs Node 24; run it with npx from the clone.\n')
  process.exit(2)
}
import('../cli/main.ts')
