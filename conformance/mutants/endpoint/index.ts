// All mutants of the Node implementation.

import { relay } from './relay.ts'

export const endpointMutants = [...relay]
