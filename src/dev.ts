import { rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeConnectionError } from './database/errors.js'
import type { EmulatedGithub } from './dev/github.js'
import { checkPort } from './dev/port.js'
import { type Postgres, startPostgres } from './dev/postgres.js'
import { watchParents } from './dev/processes.js'
import { ReloadingServer } from './dev/reloading-server.js'
import { readSettings } from './dev/settings.js'
import { StartError } from './dev/start-error.js'

// Loaded while the service loads, in a process of its own, and PostgreSQL starts; to wait for it first takes longer.
const database = import('./dev/database.js')
const welcoming = import('./dev/welcome.js')

/** One Ctrl-C can arrive three times: from the terminal, and passed on by npm and by tsx. */
const SAME_SIGNAL = 400

const stopping = new AbortController()
let server: ReloadingServer | undefined
let starting: Promise<Postgres> | undefined
let postgres: Postgres | undefined
let urlFile: string | undefined

async function start(): Promise<void> {
  const { host, hostOrigin, port, dataDir, databaseUrl: given } = await readSettings()
  server = new ReloadingServer({ say, onDeath: (how) => stop(1, `dev: the service ended unexpectedly (${how})`) })
  await checkPort(host, port, hostOrigin)
  stopping.signal.throwIfAborted()
  const [databaseUrl, github] = await Promise.all([
    given ? openDatabase(given) : startDatabase(dataDir),
    process.argv.includes('--github') ? startGithub() : undefined,
  ])
  const address = await startService(server, {
    NODE_ENV: 'development',
    HOST: host,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    // Already read: an empty variable keeps the service from reading it again.
    DATABASE_URL_FILE: '',
    MIGRATE_ON_START: 'false',
    ...limits(),
    ...github?.env,
  })
  const { welcome } = await welcoming
  // What the service has logged until now is on its way here, and comes first.
  const [text] = await Promise.all([welcome(address, databaseUrl), sleep(50)])
  process.stdout.write(`${text}\n`)
  if (hostOrigin) process.stdout.write(`HOST is set in ${hostOrigin}: unset it to listen on 127.0.0.1\n\n`)
  if (github) process.stdout.write(`${github.description}\n\n`)
}

/**
 * Where the production's limits are too narrow for development, unless they are set: for who tries the service out with a
 * load, and for a machine that is busy with other things. And there is no load balancer that has to notice the end.
 */
const LIMITS = {
  RATE_LIMIT_SESSION: '1000000',
  RATE_LIMIT_ADDRESS: '1000000',
  GITHUB_RATE_LIMIT_USER: '1000000',
  DATABASE_CONNECT_TIMEOUT: '5000',
  DATABASE_ANSWER_TIMEOUT: '10000',
  DATABASE_LOCK_TIMEOUT: '5000',
  SHUTDOWN_DELAY: '0',
}

const limits = () =>
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, process.env[name] || limit]))

/** Not needed otherwise, and slow to load. */
async function startGithub(): Promise<EmulatedGithub> {
  const github = await import('./dev/github.js')
  return await github.startGithub()
}

async function startDatabase(folder: string): Promise<string> {
  starting = startPostgres({ folder, onProgress: say, signal: stopping.signal })
  postgres = await starting
  postgres.exited.then(() => stop(1, `dev: PostgreSQL ended unexpectedly: see ${join(folder, 'postgres.log')}`))
  const { ensureDatabase } = await database
  const url = await ensureDatabase(postgres, say)
  urlFile = join(folder, 'database-url')
  await rm(urlFile, { force: true })
  await writeFile(urlFile, `${url}\n`, { mode: 0o600 })
  return url
}

async function openDatabase(url: string): Promise<string> {
  const { updateDatabase } = await database
  await updateDatabase(url, say).catch((error) => {
    if (error instanceof StartError) throw error
    throw new StartError(`DATABASE_URL: the database cannot be used: ${describeConnectionError(error)}`)
  })
  return url
}

async function startService(server: ReloadingServer, env: NodeJS.ProcessEnv): Promise<string> {
  return await server.begin(env).catch((how) => {
    throw new StartError(`dev: the service did not start (${how})`)
  })
}

/**
 * Ends everything that was started, the service before its database, and then this process.
 *
 * A stop that was asked for is a success, exit code 0: npm takes any other for a failure and prints several lines.
 */
async function stop(code: number, why?: string): Promise<void> {
  if (stopping.signal.aborted) return
  stopping.abort()
  if (why) process.stderr.write(`${why}\n`)
  const started = await starting?.catch(() => undefined)
  await started?.announceStop()
  await server?.stop()
  if (urlFile) await rm(urlFile, { force: true })
  await started?.stop()
  process.exit(code)
}

function stopAtOnce(): void {
  server?.kill()
  postgres?.kill()
  if (urlFile) rmSync(urlFile, { force: true })
  process.exit(1)
}

function listenForSignals(): void {
  let first: { signal: string; time: number } | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (first && (first.signal !== signal || Date.now() - first.time > SAME_SIGNAL)) stopAtOnce()
      first ??= { signal, time: Date.now() }
      stop(0)
    })
  }
  // Killed with SIGKILL, npm cannot pass anything on.
  if (process.env['npm_lifecycle_event']) watchParents(() => stop(0))
  // The terminal, or the program that reads this, may go away first.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

function say(what: string): void {
  process.stdout.write(`dev: ${what}\n`)
}

listenForSignals()
start().catch((error) => {
  const known = error instanceof StartError || error.syscall
  stop(1, known ? error.message : (error.stack ?? String(error)))
})
