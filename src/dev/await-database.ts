// Loaded before the service itself: loads what takes most of the time while its database is not ready yet, then waits
// for the word to go on. The environment that comes with it is what the service reads.
import { Worker } from 'node:worker_threads'

/**
 * The service ends by itself when its parent does. But not if it is stuck: in a loop, or in writing its log to a
 * parent that is gone, which sonic-boom tries for ever. This runs beside it and cannot be held up.
 */
const WATCHDOG = `
  const { ppid } = process
  setInterval(() => process.ppid === ppid || setTimeout(() => process.kill(process.pid, 'SIGKILL'), 3000), 500)`

// Without the loader of this process, which the worker would load once more.
new Worker(WATCHDOG, { eval: true, execArgv: [] }).unref()

const go = new Promise<NodeJS.ProcessEnv>((resolve) => process.once('message', resolve))
const abandoned = () => process.exit(1)

process.once('disconnect', abandoned)
if (!process.connected) abandoned()
await import('../app.js')
Object.assign(process.env, await go)
process.off('disconnect', abandoned)
