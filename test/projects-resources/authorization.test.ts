import type { RouteOptions } from 'fastify'
import t from 'tap'
import { createToken } from '../../src/session-token.js'
import { createSession, errorBody, OWNER, STRANGER, startApp, type TestApp, until } from '../support/app.js'
import { RESOURCE_TYPES, writeResource } from '../support/resources.js'

/** Every table's every row, to see that refusals leave everything as it was. */
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

const GUARDED = '/api/users/:user_id/projects/:project_id/resources/'

/** The routes with a project in their path, each method once, from the service itself. */
function guardedRoutes({ routes }: TestApp) {
  return routes
    .filter(({ url }) => url.startsWith(GUARDED))
    .flatMap((route) => [route.method].flat().map((method) => ({ route, method, url: route.url })))
}

interface Ids {
  userId: number
  projectId: number
  /** For whatever else the path names. */
  otherId: number
}

/** A place where any word may stand that is no type: `:resource_type(...)`. */
const ANY_WORD = /:resource_type\(.*\)\)?[^/]*(?=\/|$)/

function pathOf(url: string, { userId, projectId, otherId }: Ids) {
  return url
    .replace(ANY_WORD, 'nonsense')
    .replace(':user_id', String(userId))
    .replace(':project_id', String(projectId))
    .replace(/:\w+_id/g, String(otherId))
}

/** A body that is right in itself: the schema's own example. */
function exampleBody({ schema }: RouteOptions) {
  const body = schema?.body as { examples?: unknown[] } | undefined
  if (body && !body.examples?.length) throw new Error('a body schema needs an example')
  return body ? { body: body.examples?.[0] } : {}
}

/** What stands in a path besides user and project, and what is said when it is not there. */
const NOT_FOUND: Record<string, ReturnType<typeof errorBody>> = {
  ':import_id': errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'),
  ':context_file_id': errorBody(404, 'FILE_NOT_FOUND', 'File not found'),
  ':resource_id': errorBody(404, 'RESOURCE_NOT_FOUND', 'Resource not found'),
}

const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const USER_MISMATCH = errorBody(403, 'USER_MISMATCH', 'Forbidden')
const PROJECT_NOT_FOUND = errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found')

const shared = await startApp(t)

t.test('every route, whoever calls it with what is not theirs', async (t) => {
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
  t.ok(routes.length >= 5, 'the routes were found')
  for (const { route, method, url } of routes) {
    const name = `${method} ${url.replace(GUARDED, '')}`
    const mine = { userId: OWNER.userId, projectId: OWNER.projectId, otherId: 101 }
    const example = exampleBody(route)
    const isHead = method === 'HEAD'

    const refused = async (what: string, ids: Ids, token: string | null, expected: typeof UNAUTHORIZED) => {
      const response = await call(method, pathOf(url, ids), { token, ...example })
      t.equal(response.status, expected.statusCode, `${name}: ${what}`)
      if (!isHead) t.strictSame(response.body, expected, `${name}: ${what}, the whole body`)
      t.match(response.headers.get('content-type'), /^application\/json/)
    }

    await refused('no cookie', mine, null, UNAUTHORIZED)
    await refused('a malformed token', mine, 'short', UNAUTHORIZED)
    await refused('an unknown token', mine, createToken(), UNAUTHORIZED)
    await refused('an expired session', mine, expired, UNAUTHORIZED)
    await refused('a revoked session', mine, revoked, UNAUTHORIZED)
    if (ANY_WORD.test(url)) {
      const INVALID_TYPE = errorBody(400, 'INVALID_RESOURCE_TYPE', 'Invalid resource type')
      await refused(
        'a type that there is not',
        { ...mine, userId: STRANGER.userId, projectId: 4711 },
        OWNER.token,
        INVALID_TYPE,
      )
      continue
    }
    await refused("another user's id", { ...mine, userId: STRANGER.userId }, OWNER.token, USER_MISMATCH)
    await refused(
      "another user's id and project",
      { userId: 2, projectId: 790, otherId: 103 },
      OWNER.token,
      USER_MISMATCH,
    )
    await refused('a user who does not exist', { ...mine, userId: 4711 }, OWNER.token, USER_MISMATCH)
    await refused("another user's project", { ...mine, projectId: 790, otherId: 103 }, OWNER.token, PROJECT_NOT_FOUND)
    await refused('a project that does not exist', { ...mine, projectId: 4711 }, OWNER.token, PROJECT_NOT_FOUND)

    for (const [parameter, expected] of Object.entries(NOT_FOUND)) {
      if (!url.endsWith(parameter)) continue
      await refused('what lies in my other project', { ...mine, otherId: 102 }, OWNER.token, expected)
      await refused("what is another user's", { ...mine, otherId: 103 }, OWNER.token, expected)
      await refused('what does not exist', { ...mine, otherId: 4711 }, OWNER.token, expected)
    }
  }
  t.equal(await dump(service), before, 'not one row was changed')
})

t.test('every route checks in the documented order', async (t) => {
  const service = await shared.reset()
  for (const { method, url } of guardedRoutes(service)) {
    const name = `${method} ${url.replace(GUARDED, '')}`
    const sendsBody = method === 'POST' || method === 'PUT'
    const wrong = sendsBody ? { body: '{"title": 5', headers: { 'content-type': 'text/plain' } } : {}
    const ids = url
      .replace(ANY_WORD, 'nonsense')
      .replace(':user_id', '0')
      .replace(':project_id', '0x10')
      .replace(/:\w+/g, 'abc')
    const unauthorized = await service.call(method, ids, { token: createToken(), ...wrong })
    t.equal(unauthorized.status, 401, `${name}: the session before anything else`)

    const path = pathOf(url, { userId: 2, projectId: 4711, otherId: 4711 })
    const invalid = await service.call(method, path.replace('4711', 'x'), sendsBody ? { body: {} } : {})
    t.equal(invalid.status, 400, `${name}: the request before whose it is`)
  }
})

t.test('the session', async (t) => {
  const { sql, call } = await shared.reset()
  const list = '/api/users/1/projects/789/resources/imports'

  t.test('ends at once when it is revoked', async (t) => {
    const token = await createSession(sql, OWNER.userId)
    t.equal((await call('GET', list, { token })).status, 200)
    await sql('UPDATE sessions SET revoked_at = now() WHERE neptun_user_id = 1 AND token_hash = sha256($1)', [
      Buffer.from(token),
    ])
    t.equal((await call('GET', list, { token })).status, 401)
    t.equal((await call('POST', list, { token, body: { source_type: 'local', source_path: 'x' } })).status, 401)
  })

  t.test('remembers when it was last used, to the minute', async (t) => {
    const token = await createSession(sql, OWNER.userId)
    const lastUsed = async () => {
      const [row] = await sql<{ last_used_at: Date }>(
        'SELECT last_used_at FROM sessions WHERE token_hash = sha256($1)',
        [Buffer.from(token)],
      )
      return row?.last_used_at.getTime() ?? 0
    }
    await sql(`UPDATE sessions SET last_used_at = now() - interval '1 hour' WHERE token_hash = sha256($1)`, [
      Buffer.from(token),
    ])
    const before = await lastUsed()
    // A write that fails, as on a busy machine, is made up for by the next request.
    await until(async () => {
      await call('GET', list, { token })
      return (await lastUsed()) !== before
    }, 'the last use is recorded')
    const once = await lastUsed()
    await call('GET', list, { token })
    await call('GET', '/health/ready', { token })
    t.equal(await lastUsed(), once, 'not written again within the minute')
  })

  t.test('records the last use of many sessions at once, and does not lose any when the service closes', async (t) => {
    const { app, call, sql } = await startApp(t)
    await sql(`
      INSERT INTO sessions (token_hash, neptun_user_id, expires_at, last_used_at)
      SELECT sha256(rpad('many-sessions-' || number, 43, '-')::bytea), 1, now() + interval '1 day', now() - interval '1 hour'
      FROM generate_series(1, 300) AS number`)
    const tokens = Array.from({ length: 300 }, (_, index) => `many-sessions-${index + 1}`.padEnd(43, '-'))
    await Promise.all(tokens.map((token) => call('GET', list, { token })))
    await app.close()
    const recorded = await sql(`
      SELECT DISTINCT last_used_at > now() - interval '10 minutes' AS recent, count(*)::int
      FROM sessions WHERE token_hash NOT IN (sha256('your-session-cookie'), sha256('other-session-cookie')) GROUP BY 1`)
    t.strictSame(recorded, [{ recent: true, count: 300 }])
  })
})

t.test('many at once over the same connections, each sees only their own', async (t) => {
  const service = await startApp(t, { DATABASE_POOL_SIZE: '6' })
  const { call } = service
  const asks: [path: string, token: string | null][] = []
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
      // Whoever owns it, the other one, nobody, and somebody unknown.
      for (const caller of [OWNER.token, STRANGER.token, null, 'a'.repeat(43)]) asks.push([`${own}/${path}`, caller])
    }
  }
  const response = async ([path, token]: (typeof asks)[number]) => {
    const { status, text } = await call('GET', path, { token })
    return `${status} ${text}`
  }
  const expected: string[] = []
  for (const ask of asks) expected.push(await response(ask))
  t.strictSame(new Set(expected.map((text) => text.slice(0, 3))), new Set(['200', '400', '401', '403']))
  for (const [index, text] of expected.entries()) {
    const [path = '', token] = asks[index] ?? []
    const owner = path.startsWith(`/api/users/${OWNER.userId}/`) ? OWNER : STRANGER
    if (token !== owner.token) t.notMatch(text, /^200/, path)
  }
  // In an order that is the same in every run, and different in every round.
  const rounds = Array.from({ length: 20 }, (_, round) => asks.map((_, index) => (index * 7 + round) % asks.length))
  const order = rounds.flat()
  const seen = await Promise.all(order.map((index) => response(asks[index] as (typeof asks)[number])))
  const wrong = order.filter((index, position) => seen[position] !== expected[index])
  t.strictSame(wrong, [], `${order.length} at once are answered as they are alone`)
})
