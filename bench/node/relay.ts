// node bench/node/relay.ts [options]: the relay of impl-node.

import { startRelay } from '../../impl-node/relay/server.ts'
import { answerUsage } from '../usage.ts'

const { url } = await startRelay(JSON.parse(process.argv[2] ?? '{}'))
answerUsage(url)
