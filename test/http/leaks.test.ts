import t from 'tap'
import { OWNER, resources, STRANGER, startApp } from '../support/app.js'
import { type DatabaseProxy, startProxy } from '../support/proxy.js'
import { RESOURCE_TYPES, writeResource } from '../support/resources.js'

/** Occurs in the second user's email address, project name, imports, files and resources, and nowhere else. */
const MARK = 'ZEBRA-7f3a'

t.test("no response or log line contains another user's data", async (t) => {
  const { app, call, log, routes, sql, ...rest } = await startApp(t)
  const service = { app, call, log, routes, sql, ...rest }
  for (const type of RESOURCE_TYPES) {
    await writeResource(service, type, { id: 900, userId: STRANGER.userId, mark: MARK })
    await sql(`INSERT INTO ${type.linkTable} (project_id, ${type.idField}, neptun_user_id) VALUES (790, 900, 2)`)
  }
  await sql(
    `INSERT INTO imports (id, source_type, source_path, title, description, project_id, neptun_user_id)
     VALUES (900, 'local', $1, $1, $1, 790, 2)`,
    [MARK],
  )
  await sql(
    `INSERT INTO context_files
       (id, title, original_path, context_file_category, context_file_type, text, language, extension, project_id, neptun_user_id)
     VALUES (900, $1::text, $1, $1, $1, $1, $1, $1, 790, 2)`,
    [MARK],
  )
  await sql(`UPDATE projects SET name = $1 WHERE id = 790`, [MARK])
  await sql(`UPDATE users SET email = $1 WHERE id = 2`, [`${MARK}@example.com`])

  for (const list of [...RESOURCE_TYPES.map(({ slug }) => slug), 'imports', 'files']) {
    const { text } = await call('GET', resources(`/${list}`, STRANGER), { token: STRANGER.token })
    t.ok(text.includes(MARK), `the second user can read the mark in ${list}`)
  }

  /** Bodies that try to link or take over the second user's rows: an id of each resource type, and two imports. */
  const bodies = [
    ...RESOURCE_TYPES.map(({ idField }) => ({ [idField]: 900 })),
    { title: 'mine now', neptun_user_id: 1, project_id: 789 },
    { source_type: 'local', source_path: 'x', id: 900, project_id: 790, neptun_user_id: 2 },
  ]
  const projects = [
    { userId: 1, projectId: 789 },
    { userId: 1, projectId: 790 },
    { userId: 2, projectId: 790 },
  ]
  for (const { method, url } of routes) {
    for (const { userId, projectId } of projects) {
      const path = url
        .replace(':user_id', String(userId))
        .replace(':project_id', String(projectId))
        .replace(/:resource_type\(.*\)\)?[^/]*(?=\/|$)/, 'nonsense')
        .replace(/:\w+/, '900')
      for (const one of [method].flat()) {
        const attempts = one === 'POST' || one === 'PUT' ? bodies.map((body) => ({ body })) : [{}]
        for (const options of attempts) {
          const { text, headers } = await call(one, path, { token: OWNER.token, ...options })
          t.notOk(text.includes(MARK), `${one} ${path}`)
          t.notOk(JSON.stringify([...headers]).includes(MARK), `${one} ${path}: headers`)
        }
      }
    }
  }
  t.notOk(log.join('').includes(MARK), 'the log does not contain the mark')

  for (const table of ['imports', 'context_files', ...RESOURCE_TYPES.map(({ linkTable }) => linkTable)]) {
    t.equal((await sql(`SELECT FROM ${table} WHERE neptun_user_id = 2`)).length, 1, `${table} keeps its row`)
  }
})

t.test("linking another user's resource and one that does not exist are indistinguishable", async (t) => {
  let proxy: DatabaseProxy | undefined
  const databaseUrl = async (url: string) => {
    proxy = await startProxy(t, url)
    return proxy.url
  }
  const service = await startApp(t, { DATABASE_POOL_SIZE: '1' }, { databaseUrl })
  for (const type of RESOURCE_TYPES) {
    await writeResource(service, type, { id: 900, userId: STRANGER.userId })
    const link = async (id: number) => {
      const before = proxy?.roundTrips() ?? Number.NaN
      const { text } = await service.call('POST', resources(`/${type.slug}`), { body: { [type.idField]: id } })
      t.equal(
        text,
        '{"statusCode":404,"code":"RESOURCE_NOT_FOUND","message":"Resource not found"}',
        `${type.slug} ${id}`,
      )
      return (proxy?.roundTrips() ?? Number.NaN) - before
    }
    // The first request also prepares statements.
    await link(901)
    t.equal(await link(900), await link(901), 'the same number of queries, so the times do not differ')
  }
})
