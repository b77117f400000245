/** Maximum number of log lines of one kind per second. */
const LINES_PER_SECOND = 5

/**
 * Bounds the log lines of one kind: returns undefined for an event that must not be logged, or else the fields to add to
 * its line. `omitted` is the number of lines that were left out since the last one.
 */
export function createSampler(): () => { omitted?: number } | undefined {
  let windowEnd = 0
  let count = 0
  let omitted = 0
  return () => {
    const now = performance.now()
    if (now >= windowEnd) {
      windowEnd = now + 1000
      count = 0
    }
    count += 1
    if (count > LINES_PER_SECOND) {
      omitted += 1
      return undefined
    }
    const fields = omitted > 0 ? { omitted } : {}
    omitted = 0
    return fields
  }
}
