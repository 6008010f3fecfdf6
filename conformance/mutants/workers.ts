// Child processes that judge mutants side by side: each takes one job at a time.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadSuite } from '../runner/cucumber.ts'
import { mutants } from './every.ts'
import { type Job, type Judged, judgeMutant, judgeWhole } from './judge.ts'

export async function judgeAll(
  jobs: readonly Job[],
  workers: number,
  onJudged: (judged: Judged) => void,
): Promise<Judged[]> {
  const all: Judged[] = []
  const left = [...jobs]
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const worker = fork(fileURLToPath(import.meta.url), { execArgv: ['--disable-warning=ExperimentalWarning'] })
      worker.on('message', (judged: Judged | null) => {
        if (judged) {
          all.push(judged)
          onJudged(judged)
        }
        const next = left.shift()
        if (next === undefined) worker.disconnect()
        else worker.send(next)
      })
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A worker ended with ${code}`))))
    })
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, one))
  return all
}

if (import.meta.main) {
  const support = await loadSuite()
  process.on('message', async (job: Job) => {
    if ('whole' in job) process.send?.(await judgeWhole(job, support))
    else {
      const mutant = mutants.find(({ name }) => name === job.mutant)
      if (!mutant) throw new Error(`There is no mutant ${job.mutant}`)
      process.send?.(await judgeMutant(mutant, support))
    }
  })
  process.send?.(null)
}
