// What the page keeps in the browser, seen from outside, where it is sealed.

import type { Page } from 'playwright-core'

/** Asks the page until it says yes. */
export async function until<T>(tab: Page, condition: (given: T) => Promise<boolean>, given: T): Promise<void> {
  while (!(await tab.evaluate<boolean, T>(condition as never, given as never))) await tab.waitForTimeout(50)
}

/** Resolves when a record of this type and of at least so many bytes is on the disk of the browser; 0: when there is none. */
export const stored = (tab: Page, recordType: number, bytes: number) =>
  until(
    tab,
    ([type, least]) =>
      new Promise<boolean>((resolve) => {
        const opening = indexedDB.open('happy-remote')
        opening.onsuccess = () => {
          const all = opening.result.transaction('records').objectStore('records').getAll()
          all.onsuccess = () => {
            opening.result.close()
            const found = all.result.find((record) => record.recordType === type)
            resolve(least === 0 ? !found : found?.sealed.length >= least)
          }
        }
      }),
    [recordType, bytes] as const,
  )

/** Record types (spec/session.md, At rest). */
export const SHOWN = 7
export const DRAFT = 8
