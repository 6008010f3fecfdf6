// Who of several tabs holds the store of this device (session.store.lock).

export interface Hold {
  /** False once it was given back, or taken away. */
  readonly isHeld: boolean
  /** Resolves when another tab has taken it away. */
  readonly lost: Promise<void>
  release(): void
}

/** Undefined where it is not to be had, or was waited for no longer: `signal`. */
export function hold(name: string, options: LockOptions): Promise<Hold | undefined> {
  return new Promise((resolve, reject) => {
    const lost = Promise.withResolvers<void>()
    let isHeld = false
    const granted = (lock: Lock | null): Promise<void> | undefined => {
      if (!lock) {
        resolve(undefined)
        return undefined
      }
      isHeld = true
      return new Promise((letGo) => {
        resolve({
          get isHeld() {
            return isHeld
          },
          lost: lost.promise,
          release() {
            isHeld = false
            letGo()
          },
        })
      })
    }
    navigator.locks.request(name, options, granted).catch((error: Error) => {
      // While it was waited for, or held; `resolve` counts once.
      if (error.name === 'AbortError') resolve(undefined)
      else reject(error)
      if (isHeld) lost.resolve()
      isHeld = false
    })
  })
}
