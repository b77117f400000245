import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { findFreePort } from '../../dev/port.js'
import { findPostgresUser } from '../../dev/postgres-user.js'
import { until } from './app.js'

/**
 * Finds the folder of PostgreSQL's programs. pg_dump refuses to dump a newer server, so a test that dumps a database
 * must use a server that was started from this folder.
 */
function findPrograms(): string | undefined {
  try {
    const folder = execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim()
    for (const program of ['initdb', 'postgres', 'pg_dump', 'pg_restore']) {
      execFileSync(join(folder, program), ['--version'])
    }
    return folder
  } catch {
    return undefined
  }
}

export const PROGRAMS = findPrograms()

/** Value for the option `skip` of a test. */
export const NO_PROGRAMS = PROGRAMS === undefined && 'no PostgreSQL with pg_dump is installed here'

/** Starts the installed PostgreSQL with the empty database `neptun`, whose superuser is `neptun`. Stops it after the test. */
export async function startInstalledPostgres(t: Test): Promise<{ url: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-installed-'))
  const cluster = join(folder, 'cluster')
  const programs = PROGRAMS ?? ''
  await mkdir(cluster)
  await writeFile(join(folder, 'password'), 'neptun\n')
  const user = await findPostgresUser(cluster)
  for (const path of [folder, cluster, join(folder, 'password')]) await user.own(path)
  const run = (program: string, args: string[]) => user.run(join(programs, program), args, 'ignore')
  const account = ['-U', 'neptun', '-A', 'scram-sha-256', '--pwfile', join(folder, 'password')]
  const [code] = await once(
    run('initdb', ['-D', cluster, '-E', 'UTF8', '--no-locale', '--no-sync', ...account]),
    'exit',
  )
  if (code !== 0) throw new Error(`initdb failed with exit code ${code}`)
  const port = await findFreePort()
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  const server = run('postgres', ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])])
  t.teardown(async () => {
    const exited = once(server, 'exit')
    server.kill('SIGINT')
    await exited
    await rm(folder, { recursive: true })
  })
  const server_url = `postgres://neptun:neptun@127.0.0.1:${port}`
  await until(async () => {
    const client = new pg.Client(`${server_url}/postgres`)
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('CREATE DATABASE neptun')
      return true
    } catch {
      return false
    } finally {
      await client.end().catch(() => {})
    }
  }, 'PostgreSQL accepts connections')
  return { url: `${server_url}/neptun`, folder }
}
