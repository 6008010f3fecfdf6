#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// An older Node cannot even read the program, which is TypeScript: this file, in words that it knows, says so.

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('happy-remote needs Node 24; run it with npx from the clone.\n')
  process.exit(2)
}
// Before the program is read: only what is read behind it is kept.
import('../cli/compile-cache.ts')
  .then(({ cacheCompiledCode }) => cacheCompiledCode(process.env))
  .then(() => import('../cli/main.ts'))
