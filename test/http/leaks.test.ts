import t from 'tap'
import { OWNER, STRANGER, startApp } from '../support/app.js'
import { RESOURCE_TYPES, writeResource } from '../support/resources.js'

/** Stands in every text that is the second user's, and nowhere else. */
const MARK = 'ZEBRA-7f3a'

t.test("not one byte of another user's rows is in any answer or log line", async (t) => {
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
  await sql(`UPDATE projects SET name = $1 WHERE id = 790`, [MARK])
  await sql(`UPDATE users SET email = $1 WHERE id = 2`, [`${MARK}@example.com`])

  /** Every body that could draw something out: each type's id, and a field of an import. */
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
  let answers = 0
  for (const { method, url } of routes) {
    for (const { userId, projectId } of projects) {
      const path = url
        .replace(':user_id', String(userId))
        .replace(':project_id', String(projectId))
        .replace(/:resource_type\(.*\)\)?[^/]*(?=\/|$)/, 'nonsense')
        .replace(/:\w+/, '900')
      for (const one of [method].flat()) {
        const tries = one === 'POST' || one === 'PUT' ? bodies.map((body) => ({ body })) : [{}]
        for (const options of tries) {
          const answer = await call(one, path, { token: OWNER.token, ...options })
          answers += 1
          t.notOk(answer.text.includes(MARK), `${one} ${path}`)
          t.notOk(JSON.stringify([...answer.headers]).includes(MARK))
        }
      }
    }
  }
  t.ok(answers > 100, `${answers} answers`)
  t.notOk(log.join('').includes(MARK), 'nor in the log')

  const [counts] = await sql<Record<string, number>>(
    `SELECT (SELECT count(*)::integer FROM imports WHERE neptun_user_id = 2) AS imports,
       ${RESOURCE_TYPES.map(({ linkTable }) => `(SELECT count(*)::integer FROM ${linkTable} WHERE neptun_user_id = 2) AS ${linkTable}`).join(', ')}`,
  )
  for (const [table, count] of Object.entries(counts ?? {})) t.equal(count, 1, `${table}: still there`)
})

t.test('what does not exist and what is not mine are answered alike, in comparable time', async (t) => {
  const service = await startApp(t)
  const type = RESOURCE_TYPES[0]
  if (!type) return
  await writeResource(service, type, { id: 900, userId: STRANGER.userId })
  const all = `/api/users/1/projects/789/resources/${type.slug}`
  const times: Record<number, number[]> = { 900: [], 901: [] }
  for (let round = 0; round < 60; round += 1) {
    for (const id of [900, 901]) {
      const begin = performance.now()
      const answer = await service.call('POST', all, { body: { [type.idField]: id } })
      times[id]?.push(performance.now() - begin)
      t.equal(answer.text, '{"statusCode":404,"code":"RESOURCE_NOT_FOUND","message":"Resource not found"}')
    }
  }
  const median = (list: number[] = []) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
  const ratio = median(times[900]) / median(times[901])
  t.ok(ratio > 0.4 && ratio < 2.5, `the ratio of the medians is ${ratio.toFixed(2)}`)
})
