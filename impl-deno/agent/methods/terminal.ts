import type { Handlers } from '../caller.ts'
import { decoded } from '../content.ts'
import type { Terminals } from '../terminals.ts'
import type { Viewer } from '../viewer.ts'

type Names =
  | 'terminal.open'
  | 'terminal.attach'
  | 'terminal.write'
  | 'terminal.resize'
  | 'terminal.close'
  | 'terminal.list'
  | 'stream.credit'

/** Output follows the result that names its stream, in the same session or not at all (rpc.stream.name-first). */
const flowing = (viewer: Viewer) => (sent: Promise<unknown>) =>
  void sent.then(
    () => viewer.start(),
    () => viewer.end(),
  )

export const terminalMethods = (terminals: Terminals): Pick<Handlers, Names> => ({
  'terminal.open': (params, { device, streams }) => {
    const { result, viewer } = terminals.open(device, streams, params)
    return { result, after: flowing(viewer) }
  },
  'terminal.attach': (params, { device, streams }) => {
    const { result, viewer } = terminals.attach(device, streams, params)
    return { result, after: flowing(viewer) }
  },
  'terminal.write': (params, { device }) => ({
    result: { offset: terminals.write(device, params, decoded(params.data, 'base64url')) },
  }),
  'terminal.resize': (params) => {
    terminals.resize(params)
    return { result: {} }
  },
  'terminal.close': async (params) => {
    await terminals.close(params)
    return { result: {} }
  },
  'terminal.list': () => ({ result: { terminals: terminals.list } }),
  'stream.credit': (params, { device }) => {
    terminals.grant(device, params)
    return { result: {} }
  },
})
