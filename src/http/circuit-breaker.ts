/** Consecutive failures that open the circuit. */
const MAX_FAILURES = 3

/** How long it is open before one call is let through to try, in milliseconds. */
const OPEN_TIME = 2000

export interface CircuitBreaker {
  /** Runs `call`, or returns undefined if it fails or the circuit is open. */
  run<T>(call: () => Promise<T>): Promise<T | undefined>
  isOpen(): boolean
}

/**
 * Creates a circuit breaker: after a few failures in a row, calls are no longer made, so that nobody waits for their
 * timeouts. From time to time one call is let through; the first that succeeds closes the circuit. (The libraries for this
 * require Node 22.)
 *
 * @param onChange called when it opens, with the failure, and when it closes
 */
export function createCircuitBreaker(onChange: (failure: unknown | undefined) => void): CircuitBreaker {
  let failures = 0
  let nextTry = 0
  const isOpen = () => failures >= MAX_FAILURES

  return {
    isOpen,
    async run(call) {
      const wasOpen = isOpen()
      if (wasOpen && performance.now() < nextTry) return undefined
      if (wasOpen) nextTry = performance.now() + OPEN_TIME
      try {
        const result = await call()
        const hasClosed = isOpen()
        failures = 0
        if (hasClosed) onChange(undefined)
        return result
      } catch (error) {
        failures += 1
        if (failures === MAX_FAILURES) {
          nextTry = performance.now() + OPEN_TIME
          onChange(error)
        }
        return undefined
      }
    },
  }
}
