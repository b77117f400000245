/** Runs a task when it is its turn; rejects with the signal's reason if that was aborted before. */
export type InTurn = <T>(signal: AbortSignal, task: () => Promise<T>) => Promise<T>

/** Makes tasks wait so that at most so many run at once; those that wait go in the order in which they came. */
export function takeTurns(atOnce: number): InTurn {
  const waiting: (() => void)[] = []
  let running = 0
  return async (signal, task) => {
    if (running === atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      signal.throwIfAborted()
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
