// A question as a form: a person answers it, and no single touch.

import type { AnswerValue, QuestionAnswer, QuestionField, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import { useState } from 'preact/hooks'
import { CallFailure } from '../../../controller/failure.ts'
import { safeLine, safeText } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import { errorText, texts } from '../../texts.ts'
import { Expiry } from './approval.tsx'
import { asType } from './typed.ts'

const words = texts.ask

type Values = Readonly<Record<string, AnswerValue | undefined>>

interface FieldProps {
  readonly id: string
  readonly field: QuestionField
  readonly value: AnswerValue | undefined
  readonly set: (value: AnswerValue | undefined) => void
}

const Label = ({ field: { label, required } }: { field: QuestionField }) => (
  <span>
    {safeLine(label)}
    {required && <span class="quiet"> ({words.required})</span>}
  </span>
)

/** One of the options, or several; with `other` also a text of one's own. */
function Choices({ id, field, value, set }: FieldProps) {
  const isSeveral = field.type === 'choices'
  const options = field.options ?? []
  const chosen = Array.isArray(value) ? value : value === undefined ? [] : [String(value)]
  const own = chosen.find((one) => !options.some((option) => option.value === one)) ?? ''
  const put = (values: string[]) => set(isSeveral ? values : values.at(-1))
  const toggle = (one: string) =>
    put(
      isSeveral && chosen.includes(one)
        ? chosen.filter((other) => other !== one)
        : isSeveral
          ? [...chosen, one]
          : [one],
    )
  return (
    <fieldset>
      <legend>
        <Label field={field} />
      </legend>
      {field.description !== undefined && <p class="quiet">{safeText(field.description)}</p>}
      {options.map((option) => (
        <label key={option.value} class="choice">
          <input
            type={isSeveral ? 'checkbox' : 'radio'}
            name={id}
            checked={chosen.includes(option.value)}
            onChange={() => toggle(option.value)}
          />
          <span>
            {safeLine(option.label)}
            {option.description !== undefined && <span class="quiet"> {safeText(option.description)}</span>}
          </span>
        </label>
      ))}
      {field.other === true && (
        <label class="field">
          {words.other}
          <input
            type="text"
            value={own}
            onInput={({ currentTarget }) => {
              const others = isSeveral ? chosen.filter((one) => one !== own) : []
              put(currentTarget.value === '' ? others : [...others, currentTarget.value])
            }}
          />
        </label>
      )}
    </fieldset>
  )
}

function Field(props: FieldProps) {
  const { id, field, value, set } = props
  const { label, description, type, min, max } = field
  if (type === 'choice' || type === 'choices') return <Choices {...props} />
  const about = description === undefined ? undefined : `${id}-about`
  const isNumber = type === 'number' || type === 'integer'
  return (
    <div class="field-group">
      {type === 'boolean' ? (
        <label class="choice">
          <input
            type="checkbox"
            checked={value === true}
            onChange={({ currentTarget }) => set(currentTarget.checked)}
          />
          <span>{safeLine(label)}</span>
        </label>
      ) : (
        <label class="field">
          <Label field={field} />
          <input
            type="text"
            inputMode={isNumber ? 'decimal' : 'text'}
            value={value === undefined ? '' : String(value)}
            aria-describedby={about}
            required={field.required}
            {...(!isNumber && min !== undefined && { minLength: min })}
            {...(!isNumber && max !== undefined && { maxLength: max })}
            onInput={({ currentTarget: { value: typed } }) => {
              set(typed === '' ? undefined : typed)
            }}
          />
        </label>
      )}
      {about !== undefined && (
        <p id={about} class="quiet">
          {safeText(description ?? '')}
        </p>
      )}
    </div>
  )
}

const suggested = (request: QuestionRequest): Values =>
  Object.fromEntries(request.fields.map((field) => [field.name, field.default]))

export function Question({ agent, request }: { agent: Agent; request: QuestionRequest }) {
  const [values, setValues] = useState<Values>(() => agent.filledIn.get(request.requestId) ?? suggested(request))
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const { requestId, title, fields, expiresAt } = request
  const assistant = agent.info.value?.assistant?.name

  const give = async (answers: QuestionAnswer[] | null) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      await agent.answerQuestion(request, answers)
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
      const { field } = (error.data ?? {}) as { field?: unknown }
      const named = fields.find(({ name }) => name === field)
      if (error.code === 'conflict') setTrouble(words.faster)
      else setTrouble(named ? `${safeLine(named.label)}: ${words.notFitting}` : words.failed(errorText(error)))
      setBusy(false)
    }
  }
  const fill = (filled: Values) => {
    agent.filledIn.set(requestId, filled)
    setValues(filled)
  }
  const given = (): QuestionAnswer[] =>
    fields.flatMap(({ name, type }) => {
      const value = values[name] ?? (type === 'boolean' ? false : undefined)
      return value === undefined ? [] : [{ name, value: asType(type, value) }]
    })
  return (
    <article class="ask" aria-labelledby={`ask-${requestId}`}>
      <p class="ask-kind">{words.wants(assistant === undefined ? words.assistant : safeLine(assistant))}</p>
      <h2 id={`ask-${requestId}`}>{safeLine(title)}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void give(given())
        }}
      >
        {fields.map((field) => (
          <Field
            key={field.name}
            id={`${requestId}-${field.name}`}
            field={field}
            value={values[field.name]}
            set={(value) => fill({ ...values, [field.name]: value })}
          />
        ))}
        {isBusy && !agent.isOnline.value && <p role="status">{words.later}</p>}
        <Expiry at={expiresAt} />
        {trouble !== undefined && (
          <p class="trouble" role="alert">
            {trouble}
          </p>
        )}
        {agent.may('approve') ? (
          <div class="actions">
            <button type="submit" class="button primary" disabled={isBusy}>
              {words.answer}
            </button>
            <button type="button" class="button" disabled={isBusy} onClick={() => void give(null)}>
              {words.decline}
            </button>
          </div>
        ) : (
          <p>{words.cannot}</p>
        )}
      </form>
    </article>
  )
}
