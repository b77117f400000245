/** Signals that trigger a graceful shutdown, which completes the requests in flight. */
export const SHUTDOWN_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * How long after the first signal a second one is ignored under npm, in milliseconds. The second one is probably a copy
 * that npm has forwarded.
 */
const DUPLICATE_WINDOW = 1000

/** Interval between checks that npm is still running, in milliseconds. */
const PARENT_CHECK_INTERVAL = 500

/**
 * Calls `shutDown` on the first shutdown signal and `exit` on the second.
 *
 * Under `npm start`, a signal can arrive twice: once from the terminal or supervisor, which signals the whole process
 * group, and once forwarded by npm. If npm is killed with SIGKILL, it forwards nothing, so its exit is detected by
 * polling.
 *
 * @param isUnderNpm whether the parent process is npm
 */
export function onShutdown(
  shutDown: (reason: string) => void,
  exit: (signal: string) => void,
  isUnderNpm = process.env['npm_lifecycle_event'] === 'start',
): void {
  let firstAt: number | undefined
  const shutDownOnce = (reason: string) => {
    if (firstAt === undefined) shutDown(reason)
    firstAt ??= performance.now()
  }
  for (const signal of SHUTDOWN_SIGNALS) {
    process.on(signal, () => {
      const isRepeated = firstAt !== undefined && !(isUnderNpm && performance.now() - firstAt < DUPLICATE_WINDOW)
      if (isRepeated) exit(signal)
      else shutDownOnce(signal)
    })
  }
  if (!isUnderNpm) return
  const { ppid } = process
  setInterval(() => process.ppid === ppid || shutDownOnce('npm exited'), PARENT_CHECK_INTERVAL).unref()
}
