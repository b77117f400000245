/** Signals that end the service after it has finished the requests in flight. */
export const SHUTDOWN_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** How long a repeated signal counts as the same one under npm, in milliseconds. */
const SAME_SIGNAL = 1000

/** How often to check that npm is still there, in milliseconds. */
const INTERVAL = 500

/**
 * Calls `shutDown` at the first signal that asks for it, and `exit` at the second.
 *
 * Under `npm start`, one signal can arrive twice: from the terminal or the supervisor, which signal all processes, and
 * passed on by npm. And npm can be killed without a chance to pass anything on: this process must not outlive it.
 */
export function onShutdown(shutDown: (reason: string) => void, exit: (signal: string) => void): void {
  const isUnderNpm = process.env['npm_lifecycle_event'] === 'start'
  let first: number | undefined
  const shutDownOnce = (reason: string) => {
    if (first === undefined) shutDown(reason)
    first ??= performance.now()
  }
  for (const signal of SHUTDOWN_SIGNALS) {
    process.on(signal, () => {
      const isRepeated = first !== undefined && !(isUnderNpm && performance.now() - first < SAME_SIGNAL)
      if (isRepeated) exit(signal)
      else shutDownOnce(signal)
    })
  }
  if (!isUnderNpm) return
  const { ppid } = process
  setInterval(() => process.ppid === ppid || shutDownOnce('npm has ended'), INTERVAL).unref()
}
