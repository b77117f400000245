import { fork } from 'node:child_process'
import { once } from 'node:events'
import { compile, compiled } from './compile.js'
import type { LoadJob, LoadResult } from './load.js'

/** The process that generates load; it lives for the whole run, so that it is warm for everyone alike. */
export interface Generator {
  /** @throws Error if any answer has another status than the one that is wanted */
  run(job: LoadJob, status: number): Promise<LoadResult>
  stop(): Promise<void>
}

export async function startGenerator(signal: AbortSignal): Promise<Generator> {
  await compile()
  const child = fork(compiled('load'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  return {
    async run(job, status) {
      signal.throwIfAborted()
      child.send({ job })
      const answer = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
      if (!answer) throw new Error('the load generator has ended')
      const { result } = answer[0] as { result: LoadResult }
      const others = Object.keys(result.statuses).filter((other) => Number(other) !== status)
      if (others.length === 0) return result
      throw new Error(`${job.url} answers ${JSON.stringify(result.statuses)} where ${status} is wanted`)
    },
    async stop() {
      child.disconnect()
      await exited
    },
  }
}
