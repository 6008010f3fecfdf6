// deno run --allow-all bench/deno/relay.ts [options]: the relay of impl-deno.

import { startRelay } from '../../impl-deno/relay/server.ts'
import { answerUsage } from '../usage.ts'

const { url } = await startRelay(JSON.parse(Deno.args[0] ?? '{}'))
answerUsage(url)
