import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../package.json' with { type: 'json' }
import { compile, compiled } from './compile.js'

/** The servers in bench/peers that query the database. */
export const PEERS = ['equipped', 'equipped-prisma', 'hand-written', 'prisma-naive'] as const
export type Peer = (typeof PEERS)[number]

export type Name = 'ours' | Peer | 'floor'

/** A server in a separate process. */
export interface Contender {
  name: Name
  pid: number
  url: string
  stop(): Promise<void>
}

/** Environment variables of every contender. */
const COMMON = { NODE_ENV: 'production', DATABASE_POOL_SIZE: '10' }

/**
 * Raised limits of the service, which otherwise runs as in production. The rate limits still count every request, but
 * refuse none.
 */
const RAISED_LIMITS = {
  MAX_PROJECT_BYTES: '1000000000',
  RATE_LIMIT_SESSION: '1000000000',
  RATE_LIMIT_ADDRESS: '1000000000',
  // On a slow machine, 64 concurrent requests can wait for a database connection longer than the default allows.
  DATABASE_CONNECT_TIMEOUT: '10000',
}

/** The Node.js flags of `npm start`. All contenders have the same flags. */
const FLAGS = packageJson.scripts.start.split(' ').slice(2, -1)

const server = fileURLToPath(new URL('../dist/server.js', import.meta.url))

export interface StartOptions {
  /** Directory for log files. */
  folder: string
  databaseUrl: string
  execArgv?: string[]
}

/** Starts the service as `npm start` does. Its log goes to a file. */
export async function startOurs(options: StartOptions): Promise<Contender> {
  const env = { ...COMMON, ...RAISED_LIMITS, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info' }
  return await start('ours', server, env, options)
}

/** Starts a peer. */
export async function startPeer(name: Peer, options: StartOptions): Promise<Contender> {
  return await start(name, compiled(`peers/${name}`), COMMON, options)
}

/** Starts the floor, a server that sends fixed bodies from memory. @param bodies response body by call */
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
    // The service would read a .env file in its working directory; this directory has none.
    cwd: folder,
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, ...env },
    execArgv: [...FLAGS, ...execArgv],
    stdio: ['ignore', log, 'inherit', 'ipc'],
  })
  closeSync(log)
  const exited = once(child, 'exit')
  const ready = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
  if (!ready) throw new Error(`${name} did not start`)
  const stop = async () => {
    if (child.connected) child.disconnect()
    await exited
  }
  return { name, pid: child.pid ?? 0, url: (ready[0] as { address: string }).address, stop }
}
