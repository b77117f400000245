import { execFileSync } from 'node:child_process'
import { chownSync, statSync } from 'node:fs'
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Postgres, startPostgres } from '../../dev/postgres.js'
import { databaseOptions, loadConfig } from '../../src/config.js'
import { connectionUrlProblem } from '../../src/database/connection-url.js'
import { openDatabase, withClient } from '../../src/database/database.js'
import { describeConnectionError } from '../../src/database/errors.js'
import { until } from '../support/app.js'

const FORM = 'be a URL of the form postgres://user:password@host:5432/database'
const ENCODE = 'percent-encode special characters in the user name and password (@ as %40, / as %2F, # as %23)'
const MODES = 'set sslmode to one of disable, require, verify-ca, verify-full, no-verify'

t.test('a URL is accepted, or rejected with a reason that does not contain the password', async (t) => {
  const table: [url: string, problem: string | undefined][] = [
    ['postgres://h/d', undefined],
    ['postgresql://u:p%40%2F%23@h:5432/d', undefined],
    ['postgres://u:p@ss@h/d', undefined],
    ['postgres://u:p@[::1]:5432/d', undefined],
    ['postgres://%2Frun%2Fpostgresql/d', undefined],
    ['postgres:///d?host=/run/postgresql', undefined],
    ['postgres://u:p@/d?host=/run/postgresql&port=5433', undefined],
    ['postgres://h/d?user=u&password=p%26q', undefined],
    ['postgres://h/d?sslmode=require&application_name=a&options=-c%20jit%3Doff', undefined],
    ['postgres://h/d?sslmode=verify-full&sslrootcert=system', undefined],
    ['postgres://h/d?schema=app', undefined],
    ['postgres://h/d?pgbouncer=true', undefined],
    [
      'postgres://h/d?channel_binding=prefer&gssencmode=disable&target_session_attrs=any&client_encoding=UTF8',
      undefined,
    ],
    ['mysql://h/d', FORM],
    ['postgres:///d', FORM],
    ['postgres://h', FORM],
    ['postgres://h/', FORM],
    ['postgres://h:5432?schema=app', FORM],
    ['postgres://u:s3cret/tail@h/d', ENCODE],
    ['postgres://u:s3@cret/tail@h/d', ENCODE],
    ['postgres://u:12/s3cret@h/d', ENCODE],
    ['postgres://u:s3#cret@h/d', ENCODE],
    ['postgres://u:s3?cret@h/d', ENCODE],
    ['postgres://h/d?password=s3#cret', ENCODE],
    ['postgres://u:s3%ffcret@h/d', `${FORM}, and ${ENCODE}`],
    ['postgres://u:s3[cret@h/d', undefined],
    ['postgres://h:x/d', `${FORM}, and ${ENCODE}`],
    ['postgres://h:99999/d', `${FORM}, and ${ENCODE}`],
    ['postgres://u:p@a:1,b:2/d', 'name only one host'],
    ['postgres://u:p@a,b/d', 'name only one host'],
    ['postgres:///d?host=a,b', 'name only one host'],
    ['postgres:///d?host=a&host=b', 'name only one host'],
    ['postgres://h/d?port=1,2', 'name only one host'],
    ['postgres://h/d?sslmode=prefer', MODES],
    ['postgres://h/d?sslmode=', MODES],
    ['postgres://h/d?ssl=x', 'set ssl to true or false'],
    ['postgres://h/d?sslmode=require&sslrootcert=/none', 'set sslrootcert to a readable file (ENOENT)'],
    ['postgres://h/d?sslkey=/none', 'set sslkey to a readable file (ENOENT)'],
    ['postgres://h/d?pgbouncer=1', 'set pgbouncer to true or false'],
    [
      'postgres://h/d?pgbouncer=true&schema=app',
      'not combine the parameter "schema" with pgbouncer=true: set its values with ALTER ROLE ... SET instead',
    ],
    ['postgres://h/d?connection_limit=5', 'not have the parameter connection_limit: set DATABASE_POOL_SIZE'],
    ['postgres://h/d?connect_timeout=5', 'not have the parameter connect_timeout: set DATABASE_CONNECT_TIMEOUT'],
    ['postgres://h/d?channel_binding=require', 'not have the parameter channel_binding with this value'],
    ['postgres://h/d?target_session_attrs=read-write', 'not have the parameter target_session_attrs with this value'],
    ['postgres://h/d?service=x', 'not have the parameter service, which is not supported'],
    ['postgres://h/d?constructor=x', 'not have the parameter constructor, which is not supported'],
    ['postgres://h/d?password=x&s3cret', 'not have unsupported parameters'],
    ['postgres://h/d?a%0Ab=x', 'not have unsupported parameters'],
  ]
  for (const [url, problem] of table) {
    t.equal(connectionUrlProblem(url), problem, url)
    t.notMatch(connectionUrlProblem(url) ?? '', /s3|cret|tail/, 'no part of the password')
  }
})

/** Starts a PostgreSQL server that also listens on a Unix socket in `folder`. */
async function startOwnPostgres(t: Test): Promise<{ postgres: Postgres; folder: string; uid: number; gid: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-url-'))
  const probe = await startPostgres({ folder })
  await probe.stop()
  const { uid, gid } = statSync(join(folder, 'postgres'))
  if (process.getuid?.() === 0) chownSync(folder, uid, gid)
  const postgres = await startPostgres({ folder, settings: { unix_socket_directories: folder, fsync: 'off' } })
  t.teardown(async () => {
    await postgres.stop()
    await rm(folder, { recursive: true })
  })
  return { postgres, folder, uid, gid }
}

const queryOf = async (url: string, sql: string) =>
  (await withClient(url, async (client) => await client.query(sql))).rows[0]

const open = async (url: string) => {
  const database = await openDatabase(databaseOptions(loadConfig({ DATABASE_URL: url }), { warn() {} }))
  await database.close()
}

t.test('the service connects through a Unix socket, to a schema and with TLS', async (t) => {
  const { postgres, folder, uid, gid } = await startOwnPostgres(t)
  const url = postgres.url('postgres')
  const { username, password, port } = new URL(url)

  await t.test('connects through a Unix socket', async (t) => {
    const directory = encodeURIComponent(folder)
    for (const socket of [
      `postgres://${username}:${password}@/postgres?host=${directory}&port=${port}`,
      `postgres:///postgres?host=${directory}&port=${port}&user=${username}&password=${password}`,
      `postgres://${username}:${password}@localhost/postgres?host=${directory}&port=${port}`,
    ]) {
      t.equal(connectionUrlProblem(socket), undefined)
      t.same(await queryOf(socket, 'SELECT inet_server_addr() AS address'), { address: null })
      await open(socket)
    }
  })

  await t.test('uses the tables of a schema', async (t) => {
    await queryOf(url, 'CREATE SCHEMA "an \\ ""app"""')
    const schema = `${url}?schema=${encodeURIComponent('an \\ "app"')}`
    t.same(await queryOf(schema, 'SELECT current_schema() AS schema'), { schema: 'an \\ "app"' })
    await open(schema)
    const message = 'no schema in the search_path exists: check the parameters "schema" and "options" of the URL'
    await t.rejects(open(`${url}?schema=none`), { message })
  })

  await t.test('verifies a server certificate signed by a private CA', { skip: opensslIsMissing() }, async (t) => {
    await t.test('without TLS on the server, the error message names sslmode', async (t) => {
      const reason = 'The server does not support SSL connections: set sslmode=disable in the URL'
      t.equal(await failureOf(`${url}?sslmode=require`), reason)
      await open(`${url}?sslmode=disable`)
      await open(`${url}?ssl=false`)
    })
    const ca = await makeCertificates(folder)
    const cluster = join(folder, 'postgres')
    for (const name of ['server.crt', 'server.key']) {
      await copyFile(join(folder, name), join(cluster, name))
      await chmod(join(cluster, name), 0o600)
      if (process.getuid?.() === 0) chownSync(join(cluster, name), uid, gid)
    }
    await queryOf(url, 'ALTER SYSTEM SET ssl = on')
    await queryOf(url, 'SELECT pg_reload_conf()')
    const TLS = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    await until(async () => (await queryOf(url, 'SHOW ssl')).ssl === 'on', 'TLS is enabled')

    // The certificate is for "localhost".
    const named = url.replace('127.0.0.1', 'localhost')
    const root = `sslrootcert=${encodeURIComponent(ca)}`
    for (const valid of [
      `${url}?sslmode=require&${root}`,
      `${url}?sslmode=verify-ca&${root}`,
      `${named}?sslmode=verify-full&${root}`,
      `${named}?${root}`,
      `${url}?sslmode=no-verify`,
    ]) {
      t.equal(connectionUrlProblem(valid), undefined)
      t.same(await queryOf(valid, TLS), { ssl: true }, valid.replace(/.*\?/, ''))
      await open(valid)
    }
    const untrusted =
      /^the CA of the server certificate is not trusted \([A-Z_]+\): add sslrootcert=FILE to the URL, or sslmode=/
    for (const mode of ['sslmode=require', 'sslmode=verify-full', 'sslmode=verify-ca', 'ssl=true']) {
      t.match(await failureOf(`${url}?${mode}`), untrusted, mode)
    }
    t.match(await failureOf(`${url}?sslmode=verify-full&${root}`), /does not match certificate's altnames/)
  })

  async function failureOf(url: string): Promise<string> {
    const failure = await open(url).then(
      () => ({ message: 'no error' }),
      (error) => error,
    )
    return describeConnectionError(failure)
  }
})

function opensslIsMissing(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'openssl is not installed here'
  }
}

/** Creates a CA and a certificate for "localhost" that it has signed. @returns the path of the CA's certificate */
async function makeCertificates(folder: string): Promise<string> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'rsa:2048', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=Private CA')
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  await writeFile(join(folder, 'extensions'), 'subjectAltName=DNS:localhost')
  const sign = ['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial']
  openssl(...sign, '-days', '2', '-extfile', 'extensions', '-out', 'server.crt')
  return join(folder, 'ca.crt')
}
