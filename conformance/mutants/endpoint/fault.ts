// How a fault of one role is written down, for files that have many: named, said, and where it stands.

import type { EndpointMutant } from '../mutant.ts'

const of =
  (role: 'agent' | 'controller') =>
  (
    name: string,
    does: string,
    breaks: EndpointMutant['breaks'],
    /** Below impl-node/, without `.ts`. */
    file: string,
    find: string,
    replace: string,
  ): EndpointMutant => ({
    ...{ name: `${role}-${name}`, does, breaks, role },
    ...{ file: `impl-node/${file}.ts`, find, replace },
  })

export const agent = of('agent')
export const controller = of('controller')
