/** Maximum number of log lines per second and sampler. */
const LINES_PER_SECOND = 5

/**
 * Creates a sampler, which limits how often one kind of event is logged.
 *
 * @returns the sampler, a function to call once per event. It returns the fields to add to the log line, where
 * `omitted` is the number of events that were skipped since the last line; undefined if the event must not be logged
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
