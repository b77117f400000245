/** Number of consecutive failures that opens the circuit. */
const MAX_FAILURES = 3

/** Time between trial calls while the circuit is open, in milliseconds. */
const OPEN_TIME = 2000

export interface CircuitBreaker {
  /** Runs `call`. Returns undefined if `call` fails, or if it is skipped because the circuit is open. */
  run<T>(call: () => Promise<T>): Promise<T | undefined>
  isOpen(): boolean
}

/**
 * Creates a circuit breaker. It opens after several consecutive failures. While it is open, all calls except periodic
 * trial calls are skipped, so that requests do not wait for timeouts. The first success closes the circuit. (The
 * latest versions of the libraries cockatiel and opossum require Node 22.)
 *
 * @param onChange called with the error when the circuit opens, and with undefined when it closes
 */
export function createCircuitBreaker(onChange: (failure: unknown | undefined) => void): CircuitBreaker {
  let failures = 0
  let nextTrialAt = 0
  const isOpen = () => failures >= MAX_FAILURES

  return {
    isOpen,
    async run(call) {
      const wasOpen = isOpen()
      if (wasOpen && performance.now() < nextTrialAt) return undefined
      if (wasOpen) nextTrialAt = performance.now() + OPEN_TIME
      try {
        const result = await call()
        const hasClosed = isOpen()
        failures = 0
        if (hasClosed) onChange(undefined)
        return result
      } catch (error) {
        failures += 1
        if (failures === MAX_FAILURES) {
          nextTrialAt = performance.now() + OPEN_TIME
          onChange(error)
        }
        return undefined
      }
    },
  }
}
