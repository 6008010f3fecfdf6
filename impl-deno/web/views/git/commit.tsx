// The message of a commit, and the push.

import { useState } from 'preact/hooks'
import { exactText } from '../../../controller/safe-text.ts'
import type { Agent } from '../../state/agent.ts'
import { now } from '../../state/clock.ts'
import { CHOSEN_MAX } from '../../state/git.ts'
import { texts } from '../../texts.ts'
import { type GitTrouble, gitTrouble } from './failure.ts'
import { Said, Trouble } from './trouble.tsx'

const words = texts.git

interface OwnProps {
  readonly agent: Agent
  /** Asks git again, after what was done. */
  readonly read: () => void
}

export function Commit({ agent: { git }, read }: OwnProps) {
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<GitTrouble>()
  const [done, setDone] = useState('')
  const { chosen, staged, message } = git
  const commit = async (what: 'chosen' | 'staged') => {
    setBusy(true)
    setTrouble(undefined)
    setDone('')
    try {
      setDone(words.committed(await git.commit(what)))
    } catch (error) {
      setTrouble(gitTrouble(error, words.failures.repository))
    }
    setBusy(false)
    read()
  }
  const [count, isSaid] = [chosen.value.length, message.value.trim() !== '']
  return (
    <form
      class="padded"
      onSubmit={(event) => {
        event.preventDefault()
        void commit('chosen')
      }}
    >
      {(git.choosable.value.length > 0 || staged.value.length > 0) && (
        <>
          <label class="field">
            {words.message}
            <textarea
              rows={3}
              maxLength={65_536}
              value={message.value}
              readOnly={isBusy}
              onInput={({ currentTarget }) => {
                message.value = currentTarget.value
              }}
            />
          </label>
          {git.isTooMany.value && <p class="notice">{words.most(CHOSEN_MAX)}</p>}
          <div class="actions">
            <button
              type="submit"
              class="button primary"
              disabled={isBusy || !isSaid || count === 0 || git.isTooMany.value}
            >
              {words.commit(count)}
            </button>
            {staged.value.length > 0 && (
              <button type="button" class="button" disabled={isBusy || !isSaid} onClick={() => void commit('staged')}>
                {words.commitStaged(staged.value.length)}
              </button>
            )}
          </div>
        </>
      )}
      <p role="status">{isBusy ? words.committing : done}</p>
      <Trouble trouble={trouble} />
    </form>
  )
}

export function Push({ agent, read }: OwnProps) {
  const [since, setSince] = useState<number>()
  const [trouble, setTrouble] = useState<GitTrouble>()
  const [done, setDone] = useState<{ readonly text: string; readonly said: string }>()
  if (!agent.may('git.push')) return <p class="quiet padded">{words.mayNotPush}</p>
  const push = async () => {
    setSince(Date.now())
    setTrouble(undefined)
    setDone(undefined)
    try {
      const { branch, remote, output } = await agent.git.push()
      setDone({ text: words.pushed(exactText(branch), exactText(remote)), said: output })
    } catch (error) {
      setTrouble(gitTrouble(error, words.failures.branch))
    }
    setSince(undefined)
    read()
  }
  const isBusy = since !== undefined
  return (
    <div class="padded push">
      <div class="actions">
        <button type="button" class="button" disabled={isBusy} onClick={() => void push()}>
          {words.push}
        </button>
      </div>
      {/* Its seconds are for the eye: a screen reader hears the end. */}
      {isBusy && <p>{words.pushing(Math.max(0, Math.round((now.value - since) / 1_000)))}</p>}
      <p role="status">{done?.text}</p>
      {done && <Said text={done.said} />}
      <Trouble trouble={trouble} />
    </div>
  )
}
