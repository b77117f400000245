import { fork } from 'node:child_process'
import { once } from 'node:events'
import { compile, compiled } from './compile.js'
import type { LoadJob, LoadResult } from './load.js'

/** The load generator process. It runs for the whole benchmark, so that it is warmed up equally for all contenders. */
export interface Generator {
  /** Runs a load. @throws Error if any response has a status other than `status` */
  run(job: LoadJob, status: number): Promise<LoadResult>
  stop(): Promise<void>
}

/** Starts the load generator. @param signal after it has aborted, run() throws instead of starting a load */
export async function startGenerator(signal: AbortSignal): Promise<Generator> {
  await compile()
  const child = fork(compiled('load'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  return {
    async run(job, status) {
      signal.throwIfAborted()
      child.send({ job })
      const message = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
      if (!message) throw new Error('The load generator has exited')
      const { result } = message[0] as { result: LoadResult }
      const others = Object.keys(result.statuses).filter((other) => Number(other) !== status)
      if (others.length === 0) return result
      throw new Error(`${job.url} returned ${JSON.stringify(result.statuses)} instead of only ${status}`)
    },
    async stop() {
      child.disconnect()
      await exited
    },
  }
}
