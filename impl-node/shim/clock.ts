// The clocks of the program, which the suite moves. Timers follow the monotonic clock, as those of the
// system do; a machine that sleeps moves the wall clock alone.

const system = {
  wall: Date.now.bind(Date),
  monotonic: performance.now.bind(performance),
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
}

const shift = { wall: 0, monotonic: 0 }
const waiting = new Set<MovableTimer>()

Date.now = () => system.wall() + shift.wall
performance.now = () => system.monotonic() + shift.monotonic

/** What `setTimeout` and `setInterval` give, as far as this implementation uses it. */
class MovableTimer {
  readonly #run: () => void
  readonly #delay: number
  readonly #repeats: boolean
  #handle: NodeJS.Timeout | undefined
  #keepsAlive = true
  due = 0

  constructor(run: () => void, delay: number, repeats: boolean) {
    this.#run = run
    this.#delay = Math.max(1, delay)
    this.#repeats = repeats
    this.refresh()
  }

  refresh(): this {
    this.due = performance.now() + this.#delay
    waiting.add(this)
    this.arm()
    return this
  }

  arm(): void {
    system.clearTimeout(this.#handle)
    this.#handle = system.setTimeout(() => this.#fire(), Math.max(0, this.due - performance.now()))
    if (!this.#keepsAlive) this.#handle.unref()
  }

  close(): void {
    waiting.delete(this)
    system.clearTimeout(this.#handle)
  }

  ref(): this {
    this.#keepsAlive = true
    this.#handle?.ref()
    return this
  }

  unref(): this {
    this.#keepsAlive = false
    this.#handle?.unref()
    return this
  }

  #fire(): void {
    waiting.delete(this)
    if (this.#repeats) this.refresh()
    this.#run()
  }
}

const start =
  (repeats: boolean) =>
  (run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) =>
    new MovableTimer(() => run(...args), delay, repeats)

const stop = (timer: unknown): void => {
  if (timer instanceof MovableTimer) timer.close()
  else system.clearTimeout(timer as NodeJS.Timeout)
}

Object.assign(globalThis, {
  setTimeout: start(false),
  setInterval: start(true),
  clearTimeout: stop,
  clearInterval: stop,
})

/** Moves the clocks by so many ms. What is due by then runs in its order. */
export function moveClocks(wall: number, monotonic: number): void {
  shift.wall += wall
  shift.monotonic += monotonic
  if (monotonic === 0) return
  for (const timer of [...waiting].sort((a, b) => a.due - b.due)) timer.arm()
}
