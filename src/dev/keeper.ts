import { type StdioOptions, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const keeper = fileURLToPath(new URL('keep.mjs', import.meta.url))

export interface Command {
  command: string
  args: string[]
  uid?: number
  gid?: number
}

export interface KeepOptions extends Command {
  cwd?: string
  env: NodeJS.ProcessEnv
  /** What asks the command to end, and what makes it end when it has not done so after `grace` milliseconds. */
  signals: [NodeJS.Signals, NodeJS.Signals]
  grace: number
  /** Where its standard output and standard error go. */
  output: 'pipe' | 'inherit' | number
}

/** A command that cannot outlive this process. */
export interface Kept {
  /** Its standard output and standard error, if they are piped. */
  outputs: Readable[]
  /** Settles when it has ended, with its exit code (128 and more: a signal), or null if its keeper was killed. */
  exited: Promise<number | null>
  /** Asks it to end; `exited` tells when it has. */
  stop(): void
  /** Makes it end at once. */
  kill(): void
}

/**
 * Starts a command under a keeper: a small process, out of reach of the terminal's Ctrl-C, that ends the command
 * when this process ends, even by `kill -9`.
 */
export function keep({ command, args, uid, gid, cwd, env, signals, grace, output }: KeepOptions): Kept {
  const options = { cwd, uid, gid }
  const stdio: StdioOptions = ['pipe', output, output]
  const child = spawn(process.execPath, [keeper, JSON.stringify({ command, args, options, signals, grace })], {
    env,
    stdio,
    detached: true,
  })
  // Writing is never tried, but the pipe breaks when the keeper is killed.
  child.stdin?.on('error', () => {})
  const exited = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(127))
    child.on('exit', (code) => resolve(code))
  })
  return {
    outputs: [child.stdout, child.stderr].filter((output) => output !== null),
    exited,
    stop: () => void child.stdin?.end(),
    kill: () => void child.kill('SIGQUIT'),
  }
}
