import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** One run of the service, in a process of its own. */
export interface ServerProcess {
  /** Lets it begin; until then it only loads. */
  begin(env: NodeJS.ProcessEnv): void
  /** Its address once it listens; rejects with a few words if it ends before. */
  ready: Promise<string>
  /** Settles with a few words on how it ended, when all that it wrote has been read. */
  ended: Promise<string>
  /** Lets requests in flight finish and ends it. */
  stop(): Promise<void>
  /** Ends it at once, without waiting for that. */
  kill(): void
}

const pretty = import('pino-pretty')
const entry = fileURLToPath(new URL('../server.ts', import.meta.url))
const preloads = [import.meta.resolve('tsx'), new URL('await-database.ts', import.meta.url).href]

/** How long it may take to stop, in milliseconds. It has a time limit of its own, which is shorter by default. */
const GRACE = 15_000

/**
 * Starts the service. It ends when this process does, and a Ctrl-C in the terminal does not reach it, since it is to
 * be stopped before its database.
 */
export function startServer(): ServerProcess {
  const child = spawn(process.execPath, [...preloads.flatMap((module) => ['--import', module]), entry], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  printLog(child)
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const ready = new Promise<string>((resolve, reject) => {
    child.on('message', (message) => {
      if (isReady(message)) resolve(message.address)
    })
    ended.then(reject)
  })
  // Not everyone waits for it.
  ready.catch(() => {})
  const kill = () => killGroup(child)
  const stop = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(kill, GRACE)
    await ended
    clearTimeout(timer)
  }
  // An error says that it has ended, and so does `ended`.
  return { begin: (env) => void child.send(env, () => {}), ready, ended, stop, kill }
}

function isReady(message: unknown): message is { address: string } {
  return typeof message === 'object' && message !== null && 'ready' in message && 'address' in message
}

/** The log is JSON, a line each; here it is for a person to read. */
async function printLog({ stdout }: ChildProcess) {
  if (!stdout) return
  const { prettyFactory } = await pretty
  const colorize = process.stdout.isTTY === true
  const prettify = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
  })
  createInterface({ input: stdout }).on('line', (line) => process.stdout.write(prettify(line)))
}

function killGroup({ pid }: ChildProcess) {
  try {
    if (pid) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
