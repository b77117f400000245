import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import pg from 'pg'
import pino from 'pino'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { CONSTANTS, type Config, databaseOptions, loadConfig } from '../../src/config.js'
import { type Database, openDatabase } from '../../src/database/database.js'
import { createToken, hashToken } from '../../src/session-token.js'
import { createDatabase, EMPTY } from './database.js'
import { spreadCalls } from './sessions.js'

/** The service on a port of its own, on a database of its own, and a way around it to the rows. */
export interface TestApp {
  app: FastifyInstance
  database: Database
  /** `http://127.0.0.1:PORT` */
  url: string
  databaseUrl: string
  /** Goes straight to the database. */
  sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  /** Everything that was logged so far, as it would have been written. */
  log: string[]
  /** Every route of the service, in the order of their registration. */
  routes: RouteOptions[]
  /** Empties every table and the log, and writes the two users again: much faster than another service on another database. */
  reset: () => Promise<TestApp>
  call: (method: string, path: string, options?: CallOptions) => Promise<Answer>
}

interface CallOptions {
  token?: string | null
  /** An object goes as JSON; a string or bytes as they are. */
  body?: unknown
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The parsed body; undefined if there is none, or it is a page. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies of every shape
  body: any
}

export interface StartOptions {
  /** Where the service finds its database, given where it is; `sql` goes there directly. */
  databaseUrl?: (url: string) => string | Promise<string>
  /** A database that the test has prepared, instead of one from the template. */
  migratedUrl?: string
  /** How long a client may read nothing of its responses, in milliseconds. */
  readTimeout?: number
  /** How often expired rows are deleted, in milliseconds. */
  retentionInterval?: number
  /** Whether the database is being migrated. */
  isMigrating?: () => boolean
  /** Writes other rows than the two users. */
  rows?: (databaseUrl: string) => Promise<unknown>
  /** Called for every route, in the scope that registers it. */
  onRoute?: (this: FastifyInstance, route: RouteOptions) => void
}

export const OWNER = { userId: 1, projectId: 789, token: 'your-session-cookie' }
export const STRANGER = { userId: 2, projectId: 790, token: 'other-session-cookie' }

/** Wide limits, unless a test sets them: it calls faster than anyone should, on a machine that is busy. */
const SETTINGS = {
  NODE_ENV: 'test',
  PORT: '0',
  RATE_LIMIT_SESSION: '1000000',
  RATE_LIMIT_ADDRESS: '1000000',
  GITHUB_RATE_LIMIT_USER: '1000000',
  DATABASE_CONNECT_TIMEOUT: '15000',
  DATABASE_ANSWER_TIMEOUT: '15000',
  DATABASE_LOCK_TIMEOUT: '10000',
  MAX_EVENT_LOOP_DELAY: '600000',
}

/** `/api/users/1/projects/789/resources` and what follows. */
export const resources = (path: string, { userId, projectId } = OWNER) =>
  `/api/users/${userId}/projects/${projectId}/resources${path}`

/** Returns the settings that are constants in the service, and no environment variables. */
const overriddenConstants = (settings: Partial<Record<keyof Config, string>>) =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => name in CONSTANTS)
      .map(([name, value]) => [name, Number(value)]),
  )

/**
 * Starts the service over real HTTP and a real PostgreSQL with two users: OWNER with project 789 and an installation of
 * `username`, and STRANGER with project 790.
 */
export async function startApp(
  t: Test,
  settings: Partial<Record<keyof Config, string>> = {},
  options: StartOptions = {},
): Promise<TestApp> {
  const databaseUrl = options.migratedUrl ?? (await createDatabase(t))
  const connectionString = options.databaseUrl ? await options.databaseUrl(databaseUrl) : databaseUrl
  const variables = { ...SETTINGS, ...settings, DATABASE_URL: connectionString }
  const config = { ...loadConfig(variables), ...overriddenConstants(settings) }
  const log: string[] = []
  const secrets = new Set(secretsOf(settings, connectionString))
  const leaked: string[] = []
  const write = (line: string) => {
    log.push(line)
    leaked.push(...[...secrets].filter((secret) => line.includes(secret)).map((secret) => `${secret}: ${line}`))
  }
  const logger = pino({ level: 'debug' }, { write })
  const admin = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  admin.on('error', () => {})
  const routes: RouteOptions[] = []
  const undocumented: string[] = []
  const database = await openDatabase(databaseOptions(config, logger))
  const app = await buildApp(config, {
    database,
    logger,
    ...(options.readTimeout !== undefined && { readTimeout: options.readTimeout }),
    ...(options.retentionInterval !== undefined && { retentionInterval: options.retentionInterval }),
    ...(options.isMigrating && { isMigrating: options.isMigrating }),
    onRoute(route) {
      options.onRoute?.call(this, route)
      routes.push(route)
      compareWithDocument(route, undocumented)
    },
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    await app.close()
    await admin.end()
    if (leaked.length > 0) throw new Error(`the log shows what it must not: ${leaked[0]}`)
    if (undocumented.length > 0) throw new Error(`the document does not have: ${undocumented.join(', ')}`)
  })
  const sql = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows
  const sessions = spreadCalls((token) => {
    const user = [OWNER, STRANGER].find((user) => user.token === token)
    return user && createSession(sql as TestApp['sql'], user.userId)
  })
  const call = makeCall(url, secrets)
  await (options.rows?.(databaseUrl) ?? writeTwoUsers(sql as TestApp['sql']))
  const service: TestApp = {
    app,
    database,
    url,
    databaseUrl,
    sql: sql as TestApp['sql'],
    log,
    routes,
    call: (method, path, { token = OWNER.token, ...rest } = {}) => {
      const send = (token: string | null) => call(method, path, { token, ...rest })
      return token === null ? send(null) : sessions.send(token, send)
    },
    reset,
  }
  return service

  async function reset() {
    log.length = 0
    sessions.clear()
    await sql(EMPTY)
    await writeTwoUsers(service.sql)
    return service
  }
}

/** Records each response, in any test, with a status or an error code that the route's schema does not have. */
function compareWithDocument(route: RouteOptions, undocumented: string[]) {
  const { method, url, schema } = route
  if (schema?.hide) return
  const responses = (schema?.response ?? {}) as Record<string, { content?: Record<string, { examples?: object }> }>
  const statuses = Object.keys(responses)
  const compareCode = async (_: FastifyRequest, { statusCode }: { statusCode: number }, payload: unknown) => {
    const [, code] = statusCode < 400 ? [] : (/^\{"statusCode":\d+,"code":"(\w+)"/.exec(String(payload)) ?? [])
    const documented = responses[statusCode]?.content?.['application/json']?.examples ?? {}
    if (code !== undefined && !(code in documented)) undocumented.push(`${method} ${url} ${statusCode} ${code}`)
    return payload
  }
  const compare = async ({ routeOptions }: FastifyRequest, { statusCode }: { statusCode: number }) => {
    const isNotModified = statusCode === 304 && routeOptions.config.isTagged
    if (!isNotModified && !statuses.includes(String(statusCode))) undocumented.push(`${method} ${url} ${statusCode}`)
  }
  route.onSend = [...[route.onSend ?? []].flat(), compareCode]
  route.onResponse = [...[route.onResponse ?? []].flat(), compare]
}

async function writeTwoUsers(sql: TestApp['sql']) {
  await sql(`INSERT INTO users (id, email) VALUES (1, 'owner@example.com'), (2, 'stranger@example.com')`)
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (789, 'first', 1), (790, 'second', 2)`)
  await sql(`
    INSERT INTO github_installations (id, installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (123, 456789, 'username', 'all', 1)`)
  await sql(`SELECT setval('github_installations_id_seq', 1000)`)
  for (const { token, userId } of [OWNER, STRANGER]) await createSession(sql, userId, { token })
}

/** Writes a session, as whoever signs users in would. */
export async function createSession(
  sql: TestApp['sql'],
  userId: number,
  { token = createToken(), expires = "now() + interval '1 day'", revoked = 'NULL' } = {},
): Promise<string> {
  await sql(
    `INSERT INTO sessions (token_hash, neptun_user_id, expires_at, revoked_at) VALUES ($1, $2, ${expires}, ${revoked})`,
    [hashToken(token), userId],
  )
  return token
}

/** What no line of a log may hold, in any test: of the settings, and later every token and body that is sent. */
const secretsOf = (settings: Partial<Record<keyof Config, string>>, databaseUrl: string) =>
  [
    settings.GITHUB_WEBHOOK_SECRET,
    ...(settings.SERVICE_TOKENS?.split(',') ?? []),
    settings.GITHUB_APP_PRIVATE_KEY?.split('\n')[1],
    new URL(databaseUrl).password,
    'ghs_',
  ].filter((secret) => secret !== undefined)

/** Shorter ones, like `{}`, say nothing; longer ones take long to look for. */
const isTelling = ({ length }: string) => length > 10 && length < 10_000

function makeCall(url: string, secrets: Set<string>): TestApp['call'] {
  return async (method, path, { token = OWNER.token, body, headers = {} } = {}) => {
    const all: Record<string, string> = { ...headers }
    if (token !== null) all['cookie'] ??= `neptun-session=${token}`
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
    if (body !== undefined) all['content-type'] ??= 'application/json'
    if (token !== null) secrets.add(token)
    const payload = isRaw ? (body as string | undefined) : JSON.stringify(body)
    if (typeof payload === 'string' && isTelling(payload)) secrets.add(payload)
    const response = await fetch(url + path, {
      method,
      headers: all,
      ...(payload === undefined ? {} : { body: payload }),
    })
    const text = await response.text()
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
  }
}

/** Returns the path of the next page, to which `Link` refers relative to the path of this one. */
export function nextPage(path: string, { headers }: Answer): string | undefined {
  const [, query] = /^<(\?[^>]+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? []
  return query === undefined ? undefined : path.split('?')[0] + query
}

/** Waits for a condition, not for a time. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, deadline = 30_000) {
  const end = Date.now() + deadline
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${deadline} ms: ${what}`)
    await delay(20)
  }
}

/** The body of an error answer, whole. */
export const errorBody = (statusCode: number, code: string, message: string) => ({ statusCode, code, message })

/** The body of a 400 from validation. */
export const faultBody = (...validationErrors: [path: string, message: string][]) => ({
  ...errorBody(400, 'INVALID_REQUEST', 'Invalid request parameters'),
  errors: validationErrors.map(([path, message]) => ({ path, message })),
})
