import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../package.json' with { type: 'json' }
import { compile, compiled } from './compile.js'

export type Name = 'ours' | 'hand-written' | 'prisma-naive' | 'floor'

/** A server in a process of its own. */
export interface Contender {
  name: Name
  pid: number
  url: string
  stop(): Promise<void>
}

/** The same for everyone. */
const COMMON = { NODE_ENV: 'production', DATABASE_POOL_SIZE: '10' }

/** The service as in production, but that no limit refuses a load: whatever counts goes on counting. */
const RAISED_LIMITS = {
  MAX_IMPORTS_PER_PROJECT: '1000000',
  RATE_LIMIT_SESSION: '1000000',
  RATE_LIMIT_ADDRESS: '1000000',
  RATE_LIMIT_WINDOW: '1000',
  // 64 lists of 1000 at once may wait longer than anybody should, where the machine is slow.
  DATABASE_CONNECT_TIMEOUT: '10000',
}

/** Of `npm start`: `node FLAGS dist/server.js`. */
const FLAGS = packageJson.scripts.start.split(' ').slice(1, -1)

const server = fileURLToPath(new URL('../dist/server.js', import.meta.url))

export interface StartOptions {
  /** For logs and the like. */
  folder: string
  databaseUrl: string
  execArgv?: string[]
}

/** Starts what `npm start` does. Its log goes to a file: in production it goes somewhere too. */
export async function startOurs(options: StartOptions): Promise<Contender> {
  const env = { ...COMMON, ...RAISED_LIMITS, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info' }
  const execArgv = [...FLAGS, ...(options.execArgv ?? [])]
  return await start('ours', server, env, { ...options, execArgv })
}

export async function startPeer(name: 'hand-written' | 'prisma-naive', options: StartOptions): Promise<Contender> {
  return await start(name, compiled(`peers/${name}`), COMMON, options)
}

/** @param bodies what it is to answer to each call, always */
export async function startFloor(bodies: Record<string, string>, options: StartOptions): Promise<Contender> {
  const file = join(options.folder, 'bodies.json')
  await writeFile(file, JSON.stringify(bodies))
  return await start('floor', compiled('peers/floor'), { ...COMMON, BODIES: file }, options)
}

async function start(name: Name, program: string, env: NodeJS.ProcessEnv, options: StartOptions): Promise<Contender> {
  const { folder, databaseUrl, execArgv = [] } = options
  await compile()
  const log = openSync(join(folder, `${name}.log`), 'a')
  const child = fork(program, {
    // Not where a .env of somebody's may lie.
    cwd: folder,
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, ...env },
    execArgv,
    stdio: ['ignore', log, 'inherit', 'ipc'],
  })
  closeSync(log)
  const exited = once(child, 'exit')
  const ready = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
  if (!ready) throw new Error(`${name} does not start`)
  const stop = async () => {
    if (child.connected) child.disconnect()
    await exited
  }
  return { name, pid: child.pid ?? 0, url: (ready[0] as { address: string }).address, stop }
}
