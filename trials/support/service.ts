import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openConnection } from './connection.js'

/** The production build, running in a separate process. */
export interface Service {
  port: number
  /** Time from the start of the process to the first 200 of /health/ready, in milliseconds. */
  readyAfter: number
  signal(signal: NodeJS.Signals): void
  /** Returns the log so far, including that of earlier services in the same folder. Requires the default log file. */
  log(): string
  /** Resolves when the process has exited. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  isRunning(): boolean
  /** Returns the resident memory in MiB; 0 after the process has exited. */
  memory(): number
}

const ROOT = new URL('../../', import.meta.url)

/** The command of `npm start`, `exec node FLAGS dist/server.js`, is run without npm so that signals reach it. */
const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
const FLAGS = scripts.start.split(' ').slice(2)
const SERVER = fileURLToPath(new URL(FLAGS.pop(), ROOT))

export interface ServiceOptions {
  /** Path of the log; by default, a file in the folder. */
  logFile?: string
  /** Maximum number of file descriptors. */
  descriptors?: number
}

/**
 * Starts the service and waits until it is ready. The service exits when this process does.
 *
 * @param folder working directory, without a `.env` file
 * @param variables environment variables; no others are inherited except PATH
 * @throws Error with the end of the log if the service exits
 */
export async function startService(
  folder: string,
  variables: Record<string, string>,
  { logFile, descriptors }: ServiceOptions = {},
): Promise<Service> {
  const log = `${folder}/service.log`
  const output = openSync(logFile ?? log, 'a')
  const startedAt = performance.now()
  const command = [process.execPath, ...FLAGS, SERVER]
  const [program = '', ...args] = descriptors
    ? ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...command]
    : command
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: '0', ...variables },
    // The service reports its address on the IPC channel, and exits when the channel closes.
    stdio: ['ignore', output, logFile ? 'inherit' : output, 'ipc'],
  })
  closeSync(output)
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const message = await Promise.race([once(child, 'message'), exited])
  if (!Array.isArray(message)) throw new Error(`The service did not start: ${readFileSync(log, 'utf8').slice(-2000)}`)
  const port = Number(new URL(message[0].address).port)
  await untilReady(port)
  const readyAfter = performance.now() - startedAt
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    port,
    readyAfter,
    exited,
    signal: (signal) => void child.kill(signal),
    log: () => readFileSync(log, 'utf8'),
    isRunning,
    memory: () => (isRunning() ? readMemory(child) : 0),
  }
}

async function untilReady(port: number): Promise<void> {
  const connection = await openConnection(port)
  while ((await connection.send({ method: 'GET', path: '/health/ready' })).status !== 200);
  connection.destroy()
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function readMemory({ pid }: ChildProcess): number {
  if (process.platform !== 'linux') return Number(execFileSync('ps', ['-o', 'rss=', '-p', `${pid}`])) / 1024
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
