// Markdown of an assistant as elements of this page: no HTML text is ever made, HTML in it stays text, nothing is loaded,
// and a link shows where it leads (rpc.show.data).

import { type MarkedToken, marked, type Token, type Tokens } from 'marked'
import { type ComponentChildren, Fragment } from 'preact'
import { memo } from 'preact/compat'
import { useMemo } from 'preact/hooks'
import { safeText } from '../../../controller/safe-text.ts'
import { CodeBlock } from './code-block.tsx'

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

/** Character references stay in the tokens. */
const decoded = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name: string) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10)
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole
  })

const plain = (text: string): string => safeText(decoded(text))

/** Undefined where a link is to be no link. */
function destination(href: string): string | undefined {
  if (!URL.canParse(href)) return undefined
  const { protocol } = new URL(href)
  return ['https:', 'http:', 'mailto:'].includes(protocol) ? href : undefined
}

function Link({ token }: { token: Tokens.Link }) {
  const href = destination(token.href)
  const address = safeText(token.href)
  const text = <Inline tokens={token.tokens} />
  // Where the words say something else than the address, the address stands behind them.
  const isBare = token.text === token.href
  if (href === undefined) return isBare ? address : [text, ` (${address})`]
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {text}
      </a>
      {!isBare && <span class="address"> {address}</span>}
    </>
  )
}

const Inline = ({ tokens = [] }: { tokens?: readonly Token[] | undefined }) => (
  <>
    {tokens.map((token, i) => (
      <Fragment key={i}>{inline(token as MarkedToken)}</Fragment>
    ))}
  </>
)

function inline(token: MarkedToken): ComponentChildren {
  switch (token.type) {
    case 'strong':
      return (
        <strong>
          <Inline tokens={token.tokens} />
        </strong>
      )
    case 'em':
      return (
        <em>
          <Inline tokens={token.tokens} />
        </em>
      )
    case 'del':
      return (
        <del>
          <Inline tokens={token.tokens} />
        </del>
      )
    case 'codespan':
      return <code>{safeText(token.text)}</code>
    case 'br':
      return <br />
    case 'link':
      return <Link token={token} />
    case 'image':
      return `${plain(token.text)} (${safeText(token.href)})`
    case 'text':
      return token.tokens ? <Inline tokens={token.tokens} /> : plain(token.text)
    case 'escape':
      return plain(token.text)
    default:
      return safeText(token.raw)
  }
}

const Blocks = ({ tokens }: { tokens: readonly Token[] }) => (
  <>
    {tokens.map((token, i) => (
      <Block key={i} token={token as MarkedToken} />
    ))}
  </>
)

/** Made again only where its own text has changed, so that a growing message costs its last block. */
const Block = memo(
  ({ token }: { token: MarkedToken }) => block(token),
  (before, after) => before.token.raw === after.token.raw && before.token.type === after.token.type,
)

function block(token: MarkedToken): ComponentChildren {
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading':
      // All of one rank for a screen reader, below the name of the computer: an assistant may leave ranks out.
      return (
        <h2 class={`level-${token.depth}`}>
          <Inline tokens={token.tokens} />
        </h2>
      )
    case 'paragraph':
      return (
        <p>
          <Inline tokens={token.tokens} />
        </p>
      )
    case 'code':
      return <CodeBlock text={token.text} language={token.lang ?? ''} />
    case 'blockquote':
      return (
        <blockquote>
          <Blocks tokens={token.tokens} />
        </blockquote>
      )
    case 'list':
      return <List token={token} />
    case 'table':
      return <Table token={token} />
    case 'hr':
      return <hr />
    case 'text':
      return token.tokens ? <Inline tokens={token.tokens} /> : plain(token.text)
    default:
      return <p>{safeText(token.raw)}</p>
  }
}

function List({ token: { ordered, start, items } }: { token: Tokens.List }) {
  const children = items.map(({ task, checked, tokens }, i) => (
    <li key={i} class={task ? 'task' : undefined}>
      {task && (checked ? '☑ ' : '☐ ')}
      <Blocks tokens={tokens.filter(({ type }) => type !== 'checkbox')} />
    </li>
  ))
  return ordered ? <ol start={Number(start) || 1}>{children}</ol> : <ul>{children}</ul>
}

const Table = ({ token: { header, rows } }: { token: Tokens.Table }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by the keyboard.
  <section class="table" tabIndex={0} aria-label={header.map(({ text }) => safeText(text)).join(', ')}>
    <table>
      <thead>
        <tr>
          {header.map((cell, i) => (
            <th key={i} scope="col">
              <Inline tokens={cell.tokens} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j}>
                <Inline tokens={cell.tokens} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)

export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => marked.lexer(text, { gfm: true }), [text])
  return (
    <div class="markdown">
      <Blocks tokens={tokens} />
    </div>
  )
}
