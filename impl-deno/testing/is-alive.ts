export function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody reaps is gone as well.
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`))
  } catch {
    return false
  }
}
