/** As the protocol has it: names with `/` between them, and `.` for the workspace itself. */
export const pathOf = (names: readonly string[]): string => names.join('/') || '.'
