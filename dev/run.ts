// `npm run dev`: PostgreSQL, demonstration data, and the service, which restarts when its source changes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stop as stopEsbuild } from 'esbuild'
import pretty from 'pino-pretty'
import { ConfigError } from '../src/environment.js'
import { onShutdown } from '../src/signals.js'
import { StartError } from '../src/start-error.js'
import { watchBundle } from './bundle.js'
import { TITLE } from './cluster.js'
import { startGithub } from './github.js'
import { checkPort } from './port.js'
import { type Postgres, startPostgres } from './postgres.js'
import { readSettings } from './settings.js'

/** Pretty-prints the service's JSON log. Other lines are printed unchanged. */
const log = pretty({ ignore: 'pid,hostname', singleLine: true, destination: process.stdout })

let isStopping = false
let starting: Promise<Postgres> | undefined
let service: ChildProcess | undefined
let address: string | undefined // Set once the service has started.

async function start(): Promise<void> {
  const { host, port, folder, databaseUrl, env } = readSettings()
  await checkPort(host, port)
  const url = databaseUrl ?? startDatabase(folder)
  const github = process.argv.includes('--github') ? startGithub(say) : {}
  const preparing = Promise.all([url, github]).then(([DATABASE_URL, more]) => ({ ...env, DATABASE_URL, ...more }))
  let restarting: Promise<unknown> = preparing
  watchBundle((code) => {
    restarting = restarting.then(async () => await restart(code, await preparing)).catch(fail)
  })
  await preparing
}

async function startDatabase(folder: string): Promise<string> {
  say(`starting PostgreSQL in ${folder}`)
  starting = startPostgres({ folder })
  const { url, exited } = await starting
  exited.then(() => stop(1, `dev: PostgreSQL ended unexpectedly: see ${join(folder, 'postgres.log')}`))
  // The CLI (src/cli/database.ts) reads the URL from this file.
  await writeFile(join(folder, 'database-url'), `${url('postgres')}\n`, { mode: 0o600 })
  return url('postgres')
}

async function restart(code: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (service) say('the source changed: restarting')
  await stopService()
  if (isStopping) return
  const args = ['--enable-source-maps', '--input-type=module', '-']
  // The service is detached, so that the terminal's Ctrl-C does not stop it. It exits when the IPC channel closes.
  // With PORT=0, the first start selects a port, and restarts keep it.
  if (Number(env['PORT']) === 0 && address) env['PORT'] = new URL(address).port
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
  service = child
  child.stdin?.on('error', () => {}).end(code)
  child.stdout?.pipe(log, { end: false })
  // The service sends a message when it is listening.
  child.on('message', (message: { address: string }) => {
    if (address) say('restarted')
    else child.send(message, () => {})
    address = message.address
  })
  child.on('close', (code, signal) => {
    if (child.killed) return
    if (signal) stop(1, `dev: the service ended unexpectedly (${signal})`)
    else if (address) say(`the service ended (exit code ${code}): waiting for a change`)
    else stop(1) // The service has already printed the reason.
  })
}

async function stopService(): Promise<void> {
  if (service?.exitCode !== null || service.signalCode !== null) return
  service.kill('SIGTERM')
  await once(service, 'close')
}

/**
 * Stops the service, then its database, then this process.
 * @param code exit code; 0 after a signal, because npm would report any other code as a failure
 */
async function stop(code: number, reason?: string): Promise<void> {
  if (isStopping) return
  isStopping = true
  if (reason) process.stderr.write(`${reason}\n`)
  await stopService()
  const postgres = await starting?.catch(() => undefined)
  await postgres?.stop()
  // If this process ended during a build, esbuild would print a stack trace.
  await stopEsbuild()
  process.exit(code)
}

function fail(error: Error & { syscall?: string }): void {
  const isExpected = error instanceof StartError || error instanceof ConfigError || error.syscall
  stop(1, isExpected ? error.message : error.stack)
}

const say = (message: string) => void process.stdout.write(`dev: ${message}\n`)
const exit = () => process.exit(1)
onShutdown(() => stop(0), exit, process.env['npm_lifecycle_event'] !== undefined)
process.title = TITLE
start().catch(fail)
