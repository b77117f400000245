import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openConnection } from './connection.js'

/** The production build, running in a process of its own. */
export interface Service {
  port: number
  /** From its start until /health/ready answered 200, in milliseconds. */
  readyAfter: number
  signal(signal: NodeJS.Signals): void
  /** What it has logged so far, unless that goes elsewhere. */
  log(): string
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  isRunning(): boolean
  /** Resident memory, in MiB; 0 once it has ended. */
  memory(): number
  /** All that it has logged. */
  readLog(): string
}

const ROOT = new URL('../../', import.meta.url)

/** What `npm start` runs, without npm between: `exec node FLAGS dist/server.js`. */
const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
const FLAGS = scripts.start.split(' ').slice(2)
const SERVER = fileURLToPath(new URL(FLAGS.pop(), ROOT))

export interface ServiceOptions {
  /** Where its log goes; by default, a file in the folder. */
  logFile?: string
  /** Its maximum number of file descriptors. */
  descriptors?: number
}

/**
 * Starts the service with these variables and no others, and waits until it is ready. It ends with this process.
 *
 * @param folder where there is no file `.env`
 * @throws Error with the end of its log, if it ends instead
 */
export async function startService(
  folder: string,
  variables: Record<string, string>,
  { logFile, descriptors }: ServiceOptions = {},
): Promise<Service> {
  const log = `${folder}/service.log`
  const output = openSync(logFile ?? log, 'a')
  const begun = performance.now()
  const command = [process.execPath, ...FLAGS, SERVER]
  const [program = '', ...args] = descriptors
    ? ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...command]
    : command
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: '0', ...variables },
    // By the channel it says where it listens, and it ends when the channel does.
    stdio: ['ignore', output, logFile ? 'inherit' : output, 'ipc'],
  })
  closeSync(output)
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const message = await Promise.race([once(child, 'message'), ended])
  if (!Array.isArray(message)) throw new Error(`the service did not start: ${readFileSync(log, 'utf8').slice(-2000)}`)
  const port = Number(new URL(message[0].address).port)
  await untilReady(port)
  const readyAfter = performance.now() - begun
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    port,
    readyAfter,
    ended,
    signal: (signal) => void child.kill(signal),
    log: () => readFileSync(log, 'utf8'),
    isRunning,
    memory: () => (isRunning() ? readMemory(child) : 0),
    readLog: () => readFileSync(log, 'utf8'),
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
