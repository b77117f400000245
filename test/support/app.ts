import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
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

/** A service with its own port. It also has its own database, unless `migratedUrl` is that of another service. */
export interface TestApp {
  app: FastifyInstance
  database: Database
  /** `http://127.0.0.1:PORT` */
  url: string
  databaseUrl: string
  /** Queries the database directly. */
  sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  /** Lines logged so far, as JSON. */
  log: string[]
  /** All routes of the service, in order of registration. */
  routes: RouteOptions[]
  /** Deletes all rows, inserts those of OWNER and STRANGER, and clears the log. Much faster than another startApp(). */
  reset: () => Promise<TestApp>
  /** Sends a request, by default as OWNER. Concurrent requests may use several sessions of their user (sessions.ts). */
  call: (method: string, path: string, options?: CallOptions) => Promise<AppResponse>
}

interface CallOptions {
  token?: string | null
  /** An object is sent as JSON; a string or bytes unchanged. */
  body?: unknown
  headers?: Record<string, string>
}

export interface AppResponse {
  status: number
  headers: Headers
  text: string
  /** The parsed body; undefined unless it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read bodies of every shape
  body: any
}

export interface StartOptions {
  /** Returns the URL that the service connects to, such as that of a proxy. `sql` uses the original URL. */
  databaseUrl?: (url: string) => string | Promise<string>
  /** A database that the test has prepared, instead of one from the template. */
  migratedUrl?: string
  /** How long a client may stop reading a response, in milliseconds. */
  readTimeout?: number
  /** Interval between deletions of expired rows, in milliseconds. */
  retentionInterval?: number
  /** Whether the database is being migrated. */
  isMigrating?: () => boolean
  /** Inserts the initial rows, instead of those of OWNER and STRANGER. */
  rows?: (databaseUrl: string) => Promise<unknown>
  /** Called for every route. `this` is the Fastify instance that registers the route. */
  onRoute?: (this: FastifyInstance, route: RouteOptions) => void
}

export const OWNER = { userId: 1, projectId: 789, token: 'your-session-cookie' }
export const STRANGER = { userId: 2, projectId: 790, token: 'other-session-cookie' }

/** Generous limits and timeouts, unless a test overrides them: tests send many requests, on machines that may be slow. */
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

/** Returns a path below `/api/users/1/projects/789/resources`, or below the same path of another owner. */
export const resources = (path: string, { userId, projectId } = OWNER) =>
  `/api/users/${userId}/projects/${projectId}/resources${path}`

/** Returns the settings that override constants of the service, which no environment variable sets. */
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
    if (leaked.length > 0) throw new Error(`the log contains a secret: ${leaked[0]}`)
    if (undocumented.length > 0) throw new Error(`not in the OpenAPI document: ${undocumented.join(', ')}`)
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

/** In every test, records each response whose status or error code is not declared in the schema of its route. */
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

/** Inserts a session, like the service that signs users in. */
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

/** Returns secrets that must not be logged in any test. Tokens and most bodies are added when a test sends them. */
const secretsOf = (settings: Partial<Record<keyof Config, string>>, databaseUrl: string) =>
  [
    settings.GITHUB_WEBHOOK_SECRET,
    ...(settings.SERVICE_TOKENS?.split(',') ?? []),
    settings.GITHUB_APP_PRIVATE_KEY?.split('\n')[1],
    new URL(databaseUrl).password,
    'ghs_',
  ].filter((secret) => secret !== undefined)

/** Whether the log is searched for a body. Short bodies such as `{}` may occur by chance; long ones are slow to search. */
const isSearchable = ({ length }: string) => length > 10 && length < 10_000

function makeCall(url: string, secrets: Set<string>): TestApp['call'] {
  return async (method, path, { token = OWNER.token, body, headers = {} } = {}) => {
    const all: Record<string, string> = { ...headers }
    if (token !== null) all['cookie'] ??= `neptun-session=${token}`
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
    if (body !== undefined) all['content-type'] ??= 'application/json'
    if (token !== null) secrets.add(token)
    const payload = isRaw ? (body as string | undefined) : JSON.stringify(body)
    if (typeof payload === 'string' && isSearchable(payload)) secrets.add(payload)
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

/** Resolves the relative reference to the next page in the `Link` header. Returns undefined for the last page. */
export function nextPage(path: string, { headers }: AppResponse): string | undefined {
  const link = headers.get('link')
  if (link === null) return undefined
  const [, query] = /^<(\?[^>]+)>; rel="next"$/.exec(link) ?? []
  if (query === undefined) throw new Error(`not a link to the next page: ${link}`)
  return path.split('?')[0] + query
}

/** Reads all pages of a list. */
export async function readPages({ call }: Pick<TestApp, 'call'>, path: string): Promise<AppResponse[]> {
  const pages: AppResponse[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const page = await call('GET', next)
    if (page.status !== 200 || pages.push(page) > 1000) throw new Error(`page ${pages.length}: ${page.text}`)
    next = nextPage(next, page)
  }
  return pages
}

/** Splits a list into pages. */
export const paginate = <Item>(items: Item[], limit: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / limit) }, (_, page) => items.slice(page * limit, (page + 1) * limit))

/** Polls until a condition is true. Throws after `deadline` milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, description: string, deadline = 30_000) {
  const end = Date.now() + deadline
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`timed out after ${deadline} ms: ${description}`)
    await delay(20)
  }
}

/** Counts the open connections of the service. */
export const countConnections = ({ app }: Pick<TestApp, 'app'>) =>
  promisify(app.server.getConnections.bind(app.server))()

/** Returns the body of an error response. */
export const errorBody = (statusCode: number, code: string, message: string) => ({ statusCode, code, message })

/** Returns the body of a 403 for a GitHub repository that the user cannot access. */
export const accessDeniedBody = (path: string) =>
  errorBody(
    403,
    'GITHUB_ACCESS_DENIED',
    `No access to ${path} on GitHub: install the GitHub App on the account ${path.split('/')[0]} with access to this ` +
      'repository, unsuspend it if it is suspended, record the installation, and try again',
  )

/** Returns the body of a 400 for validation errors. */
export const validationErrorBody = (...validationErrors: [path: string, message: string][]) => ({
  ...errorBody(400, 'INVALID_REQUEST', 'Invalid request parameters'),
  errors: validationErrors.map(([path, message]) => ({ path, message })),
})
