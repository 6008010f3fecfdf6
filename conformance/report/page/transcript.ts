// A transcript as a sequence: who said what to whom, and when.

import { Compile } from 'typebox/compile'
import { TranscriptLine } from '../../peers/transcript.ts'
import { type Content, type Markup, markup } from './markup.ts'

const check = Compile(TranscriptLine)

/** Lines of a transcript that the page shows, half of them from the end; the file beside it is whole. */
const SHOWN_OF_A_PASS = 16
const SHOWN_OTHERWISE = 80
/** More participants than this do not fit side by side. */
const LANES = 6
/** Characters of a member in the line; the fold below has all, up to the next number. */
const MEMBER_SHOWN = 24
const DECODED_SHOWN = 4_000

/** Lines that are none are left out: a transcript may have been cut by the death of its writer. */
export function readTranscript(ndjson: string): TranscriptLine[] {
  return ndjson.split('\n').flatMap((text) => {
    try {
      const line: unknown = JSON.parse(text)
      return check.Check(line) ? [line] : []
    } catch {
      return []
    }
  })
}

const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text)
/** Keys, nonces and routes are told apart by their beginning. */
const memberText = (value: unknown): string =>
  typeof value === 'string' && /^[\w-]{16,}$/.test(value)
    ? `${value.slice(0, 6)}…`
    : cut(typeof value === 'string' ? value : JSON.stringify(value), MEMBER_SHOWN)

/** The members that name a line, in the protocol of the wire and in that of the shim. */
const NAMES = ['type', 'do', 'event', 'frame', 'method']

function summaryOf(decoded: unknown): Content {
  if (decoded === undefined) return ''
  if (typeof decoded !== 'object' || decoded === null || Array.isArray(decoded)) {
    return markup`<em>${cut(String(decoded), 160)}</em>`
  }
  const members = Object.entries(decoded)
  const named = members.find(([key]) => NAMES.includes(key))
  const name = named && (named[0] === 'frame' ? `${named[1]} frame` : String(named[1]))
  const rest = members.filter((each) => each !== named)
  return markup`${name !== undefined && markup`<b>${cut(name, 60)}</b>`}${rest.map(([key, value]) => markup` ${key} <var>${memberText(value)}</var>`)}`
}

const size = (bytes: number | undefined): Content => bytes !== undefined && markup` <small>${bytes} B</small>`

/** Where the arrow begins and ends: grid lines in the middle of two lanes. */
function arrow(lanes: readonly string[], { from, to }: TranscriptLine): Content {
  const [a, b] = [lanes.indexOf(from), lanes.indexOf(to)]
  const [left, right] = a < b ? [a, b] : [b, a]
  return markup` class="m ${a < b ? 'right' : a > b ? 'left' : 'self'}" style="--l:${2 * left + 3};--e:${2 * Math.max(right, left + 1) + 3}"`
}

function shownLine(line: TranscriptLine, lanes: readonly string[], isFolded: boolean): Markup {
  const { t, from, to, bytes, decoded } = line
  const row = markup`<time>${(t / 1_000).toFixed(3)}</time><span class="who">${from} → ${to}</span><span${arrow(lanes, line)}><span>${summaryOf(decoded)}${size(bytes)}</span></span>`
  if (!isFolded || typeof decoded !== 'object') return markup`<div class="ln row">${row}</div>`
  const whole = cut(JSON.stringify(decoded, null, 1), DECODED_SHOWN)
  return markup`<details class="ln"><summary class="row">${row}</summary><pre>${whole}</pre></details>`
}

/** The relay in the middle, between what it joins. */
function lanesOf(lines: readonly TranscriptLine[]): string[] {
  const [first, ...more] = new Set(lines.flatMap(({ from, to }) => [from, to]))
  if (first === undefined) return []
  const relay = more.filter((each) => each === 'relay')
  return [first, ...relay, ...more.filter((each) => each !== 'relay')]
}

/** `file`: of the whole transcript, beside the report. */
export function transcriptMarkup(ndjson: string, file: string | null, isPass: boolean): Content {
  const lines = readTranscript(ndjson)
  if (lines.length === 0) return undefined
  const half = (isPass ? SHOWN_OF_A_PASS : SHOWN_OTHERWISE) / 2
  const isCut = lines.length > 2 * half
  const head = isCut ? lines.slice(0, half) : lines
  const tail = isCut ? lines.slice(-half) : []
  const lanes = lanesOf([...head, ...tail])
  const rows = (part: readonly TranscriptLine[]) => part.map((line) => shownLine(line, lanes, !isPass))
  const link = file !== null && markup` <a href="${file}">${file}</a>`
  const isWide = lanes.length <= LANES
  return markup`<details class="transcript"${isPass ? '' : markup` open`}><summary>Transcript <small>${lines.length} lines, times in seconds</small></summary>
<div class="seq ${isWide ? 'side' : 'list'}" style="--n:${lanes.length}">
${isWide && markup`<div class="row lanes" aria-hidden="true"><span></span>${lanes.map((each) => markup`<b>${each}</b>`)}</div>`}
${rows(head)}${isCut && markup`<p class="cut">${lines.length - 2 * half} lines more in${link || ' the transcript'}</p>`}${rows(tail)}
</div>${!isCut && file !== null && markup`<p class="file">As a file:${link}</p>`}</details>`
}
