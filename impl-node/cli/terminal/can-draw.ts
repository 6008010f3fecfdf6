// Whether there is a screen that can be drawn on.

/** A person at both ends, and a terminal whose cursor can be moved. */
export const canDraw = (): boolean =>
  process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.TERM !== 'dumb'
