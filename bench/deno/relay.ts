// deno run --allow-all bench/deno/relay.ts [limits]: the relay of impl-deno.

import { startRelay } from '../../impl-deno/relay/server.ts'
import { answerUsage } from '../usage.ts'

const { url } = await startRelay({ limits: JSON.parse(Deno.args[0] ?? '{}') })
answerUsage(url)
