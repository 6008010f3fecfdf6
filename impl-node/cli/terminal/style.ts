// The few styles that we use; none without a terminal, with --no-color, where NO_COLOR is set (no-color.org), or TERM
// is dumb.

const { argv, env, stdout } = process
const isAsked = argv.includes('--no-color') && !argv.slice(0, argv.indexOf('--no-color')).includes('--')
const plain = !stdout.isTTY || isAsked || Boolean(env.NO_COLOR) || env.TERM === 'dumb'
const styled = (code: number) => (text: string) => (plain || text === '' ? text : `\u001b[${code}m${text}\u001b[0m`)

export const bold = styled(1)
export const dim = styled(2)
export const red = styled(31)
export const green = styled(32)
export const yellow = styled(33)
