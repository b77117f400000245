import type { RouteOptions } from 'fastify'
import t from 'tap'
import { createToken, hashToken } from '../../src/session-token.js'
import { createSession, errorBody, OWNER, resources, STRANGER, startApp, type TestApp } from '../support/app.js'
import { RESOURCE_TYPES, writeResource } from '../support/resources.js'

/**
 * Returns all rows of all tables except the history of migrations, to check that rejected requests change nothing. The
 * rows omit `last_used_at`.
 */
async function dump({ sql }: TestApp) {
  const tables = await sql<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_%' ORDER BY 1`,
  )
  const rows = tables.map(({ name }) =>
    sql(`SELECT to_jsonb(x) - 'last_used_at' AS row FROM ${name} x ORDER BY x::text`),
  )
  return JSON.stringify(await Promise.all(rows))
}

const IMPORTS = resources('/imports')
const GUARDED = '/api/users/:user_id/projects/:project_id/resources/'

/** Returns the registered routes below a project, with one entry for each method of a route. */
function guardedRoutes({ routes }: TestApp) {
  return routes
    .filter(({ url }) => url.startsWith(GUARDED))
    .flatMap((route) => [route.method].flat().map((method) => ({ route, method, url: route.url })))
}

interface Ids {
  userId: number
  projectId: number
  /** Value of all other ids in the path. */
  otherId: number
}

/** The parameter of the route that rejects unknown resource types: `:resource_type(...)`. */
const UNKNOWN_TYPE = /:resource_type\(.*\)\)?[^/]*(?=\/|$)/

function pathOf(url: string, { userId, projectId, otherId }: Ids) {
  return url
    .replace(UNKNOWN_TYPE, 'nonsense')
    .replace(':user_id', String(userId))
    .replace(':project_id', String(projectId))
    .replace(/:\w+_id/g, String(otherId))
}

/** Returns a valid body: the example of the schema. */
function exampleBody({ schema }: RouteOptions) {
  const body = schema?.body as { examples?: unknown[] } | undefined
  if (body && !body.examples?.length) throw new Error('a body schema needs an example')
  return body ? { body: body.examples?.[0] } : {}
}

/** The 404 for an object that does not exist, by the last parameter of the path. */
const NOT_FOUND: Record<string, ReturnType<typeof errorBody>> = {
  ':import_id': errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'),
  ':context_file_id': errorBody(404, 'FILE_NOT_FOUND', 'File not found'),
  ':resource_id': errorBody(404, 'RESOURCE_NOT_FOUND', 'Resource not found'),
}

const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const USER_MISMATCH = errorBody(403, 'USER_MISMATCH', 'Forbidden')
const PROJECT_NOT_FOUND = errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found')

const shared = await startApp(t)

t.test('every route of a project rejects requests without a session, and access to data of others', async (t) => {
  const service = await shared.reset()
  const { sql, call } = service
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'another of the first user', 1)`)
  await sql(`
    INSERT INTO imports (id, source_type, source_path, project_id, neptun_user_id) VALUES
      (101, 'local', 'mine', 789, 1), (102, 'local', 'in my other project', 791, 1), (103, 'local', 'hers', 790, 2)`)
  await sql(`
    INSERT INTO context_files
      (id, title, original_path, context_file_category, context_file_type, text, project_id, neptun_user_id)
    SELECT id, 'x', 'x', 'x', 'x', 'x', project, owner
    FROM (VALUES (101, 789, 1), (102, 791, 1), (103, 790, 2)) AS file (id, project, owner)`)
  for (const type of RESOURCE_TYPES) {
    for (const [id, userId, projectId] of [
      [101, 1, 789],
      [102, 1, 791],
      [103, 2, 790],
    ] as const) {
      await writeResource(service, type, { id, userId })
      await sql(`INSERT INTO ${type.linkTable} (project_id, ${type.idField}, neptun_user_id) VALUES ($1, $2, $3)`, [
        projectId,
        id,
        userId,
      ])
    }
  }
  const expired = await createSession(sql, OWNER.userId, { expires: "now() - interval '1 second'" })
  const revoked = await createSession(sql, OWNER.userId, { revoked: 'now()' })
  const before = await dump(service)

  const routes = guardedRoutes(service)
  t.ok(routes.some(({ method, url }) => method === 'DELETE' && url.endsWith('/imports/:import_id')))
  for (const { route, method, url } of routes) {
    const name = `${method} ${url.replace(GUARDED, '')}`
    const mine = { userId: OWNER.userId, projectId: OWNER.projectId, otherId: 101 }
    const example = exampleBody(route)
    const isHead = method === 'HEAD'

    const rejects = async (what: string, ids: Ids, token: string | null, expected: typeof UNAUTHORIZED) => {
      const response = await call(method, pathOf(url, ids), { token, ...example })
      const body = isHead ? undefined : expected
      t.strictSame([response.status, response.body], [expected.statusCode, body], `${name}: ${what}`)
      t.match(response.headers.get('content-type'), /^application\/json/)
    }

    await rejects('no cookie', mine, null, UNAUTHORIZED)
    await rejects('a malformed token', mine, 'short', UNAUTHORIZED)
    await rejects('an unknown token', mine, createToken(), UNAUTHORIZED)
    await rejects('an expired session', mine, expired, UNAUTHORIZED)
    await rejects('a revoked session', mine, revoked, UNAUTHORIZED)
    if (UNKNOWN_TYPE.test(url)) {
      const INVALID_TYPE = errorBody(400, 'INVALID_RESOURCE_TYPE', 'Invalid resource type')
      await rejects('an unknown type', { ...mine, userId: STRANGER.userId, projectId: 4711 }, OWNER.token, INVALID_TYPE)
      continue
    }
    await rejects("another user's id", { ...mine, userId: STRANGER.userId }, OWNER.token, USER_MISMATCH)
    await rejects(
      "another user's id and project",
      { userId: 2, projectId: 790, otherId: 103 },
      OWNER.token,
      USER_MISMATCH,
    )
    await rejects('a user who does not exist', { ...mine, userId: 4711 }, OWNER.token, USER_MISMATCH)
    await rejects("another user's project", { ...mine, projectId: 790, otherId: 103 }, OWNER.token, PROJECT_NOT_FOUND)
    await rejects('a project that does not exist', { ...mine, projectId: 4711 }, OWNER.token, PROJECT_NOT_FOUND)

    const [parameter] = /:\w+$/.exec(url) ?? []
    if (parameter === undefined) continue
    const expected = NOT_FOUND[parameter]
    if (!expected) throw new Error(`NOT_FOUND has no error for ${parameter}`)
    await rejects('an object in another project of the user', { ...mine, otherId: 102 }, OWNER.token, expected)
    await rejects("another user's object", { ...mine, otherId: 103 }, OWNER.token, expected)
    await rejects('an object that does not exist', { ...mine, otherId: 4711 }, OWNER.token, expected)
  }
  t.equal(await dump(service), before, 'no row has changed')
})

t.test('every route of a project authenticates first, then validates, then authorizes', async (t) => {
  const service = await shared.reset()
  for (const { method, url } of guardedRoutes(service)) {
    const name = `${method} ${url.replace(GUARDED, '')}`
    const sendsBody = method === 'POST' || method === 'PUT'
    const wrong = sendsBody ? { body: '{"title": 5', headers: { 'content-type': 'text/plain' } } : {}
    const ids = url
      .replace(UNKNOWN_TYPE, 'nonsense')
      .replace(':user_id', '0')
      .replace(':project_id', '0x10')
      .replace(/:\w+/g, 'abc')
    const unauthorized = await service.call(method, ids, { token: createToken(), ...wrong })
    t.equal(unauthorized.status, 401, `${name}: authentication precedes parsing and validation`)

    const path = pathOf(url, { userId: 2, projectId: 4711, otherId: 4711 })
    const invalid = await service.call(method, path.replace('4711', 'x'), sendsBody ? { body: {} } : {})
    t.equal(invalid.status, 400, `${name}: validation precedes authorization`)
  }
})

t.test('a session ends immediately when it is revoked', async (t) => {
  const { sql, call } = await shared.reset()
  const token = await createSession(sql, OWNER.userId)
  t.equal((await call('GET', IMPORTS, { token })).status, 200)
  await sql('UPDATE sessions SET revoked_at = now() WHERE token_hash = $1', [hashToken(token)])
  t.strictSame((await call('GET', IMPORTS, { token })).body, UNAUTHORIZED)
  const body = { source_type: 'local', source_path: 'x' }
  t.strictSame((await call('POST', IMPORTS, { token, body })).body, UNAUTHORIZED)
})

t.test('the last uses of many sessions are recorded before the service closes', async (t) => {
  const { app, call, sql } = await startApp(t)
  await sql(`
    INSERT INTO sessions (token_hash, neptun_user_id, expires_at, last_used_at)
    SELECT sha256(rpad('many-sessions-' || number, 43, '-')::bytea), 1, now() + interval '1 day', now() - interval '1 hour'
    FROM generate_series(1, 300) AS number`)
  const tokens = Array.from({ length: 300 }, (_, index) => `many-sessions-${index + 1}`.padEnd(43, '-'))
  await Promise.all(tokens.map((token) => call('GET', IMPORTS, { token })))
  await app.close()
  const recorded = await sql(`
    SELECT last_used_at > now() - interval '10 minutes' AS recent, count(*)::int
    FROM sessions WHERE token_hash NOT IN (sha256('your-session-cookie'), sha256('other-session-cookie')) GROUP BY 1`)
  t.strictSame(recorded, [{ recent: true, count: 300 }])
})

t.test('concurrent requests of two users over shared database connections get only their own data', async (t) => {
  const service = await startApp(t, { DATABASE_POOL_SIZE: '6' })
  const { call } = service
  const requests: [path: string, token: string | null][] = []
  for (const { userId, projectId, token } of [OWNER, STRANGER]) {
    const own = `/api/users/${userId}/projects/${projectId}/resources`
    for (const name of ['first', 'second']) {
      await call('POST', `${own}/imports`, {
        token,
        body: { source_type: 'local', source_path: `/srv/${token}/${name}` },
      })
    }
    const file = { title: token, text: `of ${token}`, language: 'text', extension: 'txt' }
    const { body } = await call('POST', `${own}/user-files`, { token, body: file })
    for (const path of ['imports', 'imports?limit=1', 'user-files', `user-files/${body.id}`, 'imports/0', 'nonsense']) {
      // The two users, no session, and an unknown session.
      for (const caller of [OWNER.token, STRANGER.token, null, 'a'.repeat(43)]) {
        requests.push([`${own}/${path}`, caller])
      }
    }
  }
  const send = async ([path, token]: (typeof requests)[number]) => {
    const { status, text } = await call('GET', path, { token })
    return `${status} ${text}`
  }
  const expected: string[] = []
  for (const request of requests) expected.push(await send(request))
  t.strictSame(new Set(expected.map((text) => text.slice(0, 3))), new Set(['200', '400', '401', '403']))
  for (const [index, text] of expected.entries()) {
    const [path = '', token] = requests[index] ?? []
    const owner = path.startsWith(`/api/users/${OWNER.userId}/`) ? OWNER : STRANGER
    if (token !== owner.token) t.notMatch(text, /^200/, path)
  }
  // A different order in each round, but the same in every run.
  const { length } = requests
  for (let round = 0; round < 20; round += 1) {
    const order = requests.map((_, index) => (index * 7 + round) % length)
    const responses = await Promise.all(order.map((index) => send(requests[index] as (typeof requests)[number])))
    const wrong = order.filter((index, position) => responses[position] !== expected[index])
    t.strictSame(wrong, [], `round ${round}: concurrent requests get the same responses as sequential ones`)
  }
})
