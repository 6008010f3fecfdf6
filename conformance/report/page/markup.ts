// HTML that cannot forget to escape: whatever is put into a template is text, unless a template made it.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** What a program may send to disturb who reads: control characters, and those that turn the direction of text. */
const DISTURBING = /(?![\t\n])\p{Cc}|[\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu

export class Markup {
  readonly html: string
  constructor(html: string) {
    this.html = html
  }
}

export type Content = string | number | Markup | undefined | false | readonly Content[]

const written = (content: Content): string => {
  if (content === undefined || content === false) return ''
  if (content instanceof Markup) return content.html
  if (typeof content === 'string') {
    return content.replaceAll(DISTURBING, '\ufffd').replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
  }
  return typeof content === 'number' ? String(content) : content.map(written).join('')
}

/** A template whose values are escaped, in text and in quoted attributes. */
export const markup = (texts: TemplateStringsArray, ...contents: readonly Content[]): Markup =>
  new Markup(texts.map((text, i) => text + written(contents[i])).join(''))

/** A style sheet or script of this folder, as it is. */
export const verbatim = (text: string): Markup => new Markup(text)

/** The Markdown of a requirement's sentence: code, and links without their targets. */
export const sentenceMarkup = (markdown: string): Content[] =>
  markdown
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/(?<!\w)_([^_]+)_(?!\w)/g, '$1')
    .split('`')
    .map((text, i) => (i % 2 === 1 ? markup`<code>${text}</code>` : text))
