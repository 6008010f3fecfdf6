// Much of what a command costs before it begins is the compiling of the same modules again. What was compiled lies in
// the person's own cache folder, for it is code that will run: never in a folder that others can write to.

import { enableCompileCache } from 'node:module'
import { xdg } from './xdg.ts'

/** NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE have the last word; a folder that cannot be written is no error. */
export function cacheCompiledCode(env: NodeJS.ProcessEnv): void {
  enableCompileCache(xdg(env, 'XDG_CACHE_HOME', '.cache'))
}
