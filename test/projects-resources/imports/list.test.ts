import t from 'tap'
import { SOURCE_TYPES } from '../../../src/projects-resources/imports/source-path/index.js'
import {
  accessDeniedBody,
  errorBody,
  nextPage,
  paginate,
  readPages,
  resources,
  startApp,
  type TestApp,
  validationErrorBody,
} from '../../support/app.js'
import { UNSET } from '../../support/imports.js'

const shared = await startApp(t)

const imports = resources('/imports')

/** Inserts imports that were created one hour apart, starting at 17:42 plus `start` hours. */
async function writeImports({ sql }: TestApp, rows: [id: number, type: string, path: string][], start = 0) {
  for (const [index, [id, type, path]] of rows.entries()) {
    await sql(
      `INSERT INTO imports (id, source_type, source_path, created_at, updated_at, neptun_user_id, project_id)
       VALUES ($1, $2::text::source_type, $3, $4, $4, 1, 789)`,
      [id, type, path, new Date(Date.UTC(2025, 1, 16, 17 + start + index, 42, 11))],
    )
  }
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of any shape
const idsOf = (response: { body: any }) => response.body.imports.map(({ id }: { id: number }) => id)

t.test('a project without imports has an empty list', async (t) => {
  const { call } = await shared.reset()
  const response = await call('GET', imports)
  t.equal(response.text, '{"imports":[]}')
  t.equal(response.headers.get('x-imports-withheld'), null)
  t.equal(response.headers.get('link'), null)
})

t.test('the list of imports is complete, oldest first', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [30, 'github', 'username/first'],
    [20, 'gitlab', 'group/second'],
    [10, 'github', 'username/third'],
  ])
  const { body } = await service.call('GET', imports)
  t.strictSame(idsOf({ body }), [30, 20, 10])
  t.strictSame(body.imports[0], {
    ...UNSET,
    id: 30,
    source_type: 'github',
    source_path: 'username/first',
    created_at: '2025-02-16T17:42:11.000Z',
    updated_at: '2025-02-16T17:42:11.000Z',
    neptun_user_id: 1,
    project_id: 789,
  })
})

t.test('source_type filters the list of imports', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [1, 'github', 'username/first'],
    [2, 'gitlab', 'group/second'],
    [3, 'github', 'username/third'],
  ])
  t.strictSame(idsOf(await service.call('GET', `${imports}?source_type=github`)), [1, 3])
  t.strictSame(idsOf(await service.call('GET', `${imports}?source_type=gitlab`)), [2])
  t.strictSame(idsOf(await service.call('GET', `${imports}?source_type=url`)), [])
  t.strictSame(idsOf(await service.call('GET', `${imports}?source_type=github&limit=1`)), [1])
  t.strictSame(
    idsOf(await service.call('GET', `${imports}?unknown=github`)),
    [1, 2, 3],
    'an unknown parameter is ignored',
  )
})

t.test('all pages of imports together are the whole list, also with a filter', async (t) => {
  const service = await shared.reset()
  // Several imports have the same created_at, so that the order depends on the id, too.
  await service.sql(`
    INSERT INTO imports (source_type, source_path, created_at, neptun_user_id, project_id)
    SELECT CASE n % 2 WHEN 0 THEN 'local' ELSE 'url' END::source_type, 'http://x/' || n,
      timestamptz '2025-01-01' + interval '1 ms' * (n / 7), 1, 789
    FROM generate_series(1, 53) n`)
  const whole: { source_type: string }[] = (await service.call('GET', imports)).body.imports
  t.equal(whole.length, 53)
  const urls = whole.filter((one) => one.source_type === 'url')
  for (const [query, limit, expected] of [
    ['limit=1', 1, whole],
    ['limit=10', 10, whole],
    ['limit=52', 52, whole],
    ['limit=53', 53, whole],
    ['limit=100', 100, whole],
    ['source_type=url&limit=4', 4, urls],
  ] as const) {
    const pages = await readPages(service, `${imports}?${query}`)
    t.strictSame(
      pages.map(({ body }) => body.imports),
      paginate([...expected], limit),
      query,
    )
  }
})

t.test('a list of 1000 imports is complete, and counts the withheld ones', async (t) => {
  const { call, sql } = await shared.reset()
  // The first 600 are withheld: more rows than a batch has.
  await sql(`
    INSERT INTO imports (source_type, source_path, created_at, neptun_user_id, project_id)
    SELECT CASE WHEN n <= 600 THEN 'github' ELSE 'local' END::source_type, 'nobody/' || n,
      timestamptz '2025-01-01' + interval '1 ms' * (n / 7), 1, 789
    FROM generate_series(1, 1000) n`)
  const response = await call('GET', imports)
  t.strictSame([response.status, response.headers.get('content-type')], [200, 'application/json; charset=utf-8'])
  t.equal(response.headers.get('x-imports-withheld'), '600')
  const paths = response.body.imports.map((one: { source_path: string }) => one.source_path)
  t.strictSame(
    paths,
    Array.from({ length: 400 }, (_, index) => `nobody/${601 + index}`),
  )
  await sql(`INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
             VALUES (7, 'Nobody', 'selected', 1)`)
  const all = await call('GET', imports)
  t.strictSame([all.body.imports.length, all.headers.get('x-imports-withheld')], [1000, null])
  const page = await call('GET', `${imports}?limit=100`)
  t.strictSame(page.body.imports, all.body.imports.slice(0, 100))
})

t.test('the next page starts after the last row of the previous page, even if that row was deleted', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [1, 'local', 'a'],
    [2, 'local', 'b'],
    [3, 'local', 'c'],
  ])
  const first = await service.call('GET', `${imports}?limit=2`)
  t.strictSame(idsOf(first), [1, 2])
  t.equal((await service.call('DELETE', `${imports}/2`)).status, 204)
  await writeImports(service, [[4, 'local', 'older']], -1)
  await writeImports(service, [[5, 'local', 'newer']], 3)
  t.strictSame(idsOf(await service.call('GET', nextPage(imports, first) ?? '')), [3, 5])
})

t.test('all validation errors of the query of a list are reported', async (t) => {
  const { call } = await shared.reset()
  const LIMIT: [string, string] = ['query.limit', 'must be an integer from 1 to 100']
  const CURSOR: [string, string] = ['query.cursor', 'is not a cursor of this list']
  const TYPE: [string, string] = ['query.source_type', `must be one of ${SOURCE_TYPES.join(', ')}`]
  const table: [query: string, ...validationErrors: [string, string][]][] = [
    ['source_type=svn', TYPE],
    ['source_type=', TYPE],
    ['source_type=github&source_type=url', TYPE],
    ['limit=0', LIMIT],
    ['limit=101', LIMIT],
    ['limit=-1', LIMIT],
    ['limit=1.5', LIMIT],
    ['limit=01', LIMIT],
    ['limit=1e1', LIMIT],
    ['limit=', LIMIT],
    ['limit=1&limit=2', LIMIT],
    ['limit=5&cursor=nonsense', CURSOR],
    ['limit=5&cursor=%00', ['query.cursor', 'must not contain U+0000 or unpaired surrogates']],
    ['cursor=bXdwcjVtanYuM2Y', ['query.limit', 'is required with a cursor']],
    ['limit=x&source_type=svn', TYPE, LIMIT],
  ]
  for (const [query, ...validationErrors] of table) {
    const { status, body } = await call('GET', `${imports}?${query}`)
    t.strictSame([status, body], [400, validationErrorBody(...validationErrors)], query)
  }
})

t.test("a github import is withheld if the user has no active installation on its repository's account", async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  await writeImports(service, [
    [1, 'github', 'UserName/kept'],
    [2, 'github', 'elsewhere/gone'],
    [3, 'github', 'elsewhere/gone-too'],
    [4, 'gitlab', 'elsewhere/no-matter'],
  ])
  const denied = accessDeniedBody

  await t.test('the list omits and counts a withheld import', async (t) => {
    const response = await call('GET', imports)
    t.strictSame(idsOf(response), [1, 4])
    t.equal(response.headers.get('x-imports-withheld'), '2')
    const page = await call('GET', `${imports}?limit=1`)
    t.strictSame([idsOf(page), page.headers.get('x-imports-withheld')], [[1], '2'])
    t.equal((await call('GET', `${imports}?source_type=gitlab`)).headers.get('x-imports-withheld'), null)
  })

  await t.test(
    'GET of a withheld import and PUT of its title are 403, also if the installation is suspended',
    async (t) => {
      t.strictSame((await call('GET', `${imports}/2`)).body, denied('elsewhere/gone'))
      t.strictSame((await call('PUT', `${imports}/2`, { body: { title: 'x' } })).body, denied('elsewhere/gone'))
      await sql(`UPDATE github_installations SET suspended_at = now() WHERE account_name = 'username'`)
      t.strictSame((await call('GET', `${imports}/1`)).body, denied('UserName/kept'))
      t.strictSame(idsOf(await call('GET', imports)), [4])
      await sql('UPDATE github_installations SET suspended_at = NULL')
      t.equal((await call('GET', `${imports}/1`)).status, 200)
    },
  )

  await t.test(
    'PUT of a withheld import is 200 with a permitted path, and 403 with a forbidden path or with only a type',
    async (t) => {
      const moved = await call('PUT', `${imports}/2`, { body: { source_path: 'username/moved' } })
      t.equal(moved.status, 200)
      t.equal(moved.body.import.source_path, 'username/moved')
      const typeAlone = await call('PUT', `${imports}/3`, { body: { source_type: 'gitlab' } })
      t.strictSame(typeAlone.body, denied('elsewhere/gone-too'))
      const refused = await call('PUT', `${imports}/3`, { body: { source_path: 'elsewhere/other' } })
      t.strictSame(refused.body, denied('elsewhere/other'))
    },
  )

  await t.test('a withheld import is visible again once access is restored', async (t) => {
    await sql(`
      INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
      VALUES (7, 'Elsewhere', 'selected', 1)`)
    const response = await call('GET', imports)
    t.strictSame(idsOf(response), [1, 2, 3, 4])
    t.equal(response.headers.get('x-imports-withheld'), null)
    await sql(`DELETE FROM github_installations WHERE account_name = 'Elsewhere'`)
  })

  await t.test("another user's installation does not make a withheld import visible", async (t) => {
    await sql(`
      INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
      VALUES (8, 'elsewhere', 'all', 2)`)
    t.strictSame((await call('GET', `${imports}/3`)).body, denied('elsewhere/gone-too'))
  })

  await t.test('a withheld import can be deleted', async (t) => {
    t.equal((await call('DELETE', `${imports}/3`)).status, 204)
    t.strictSame(await sql('SELECT id FROM imports WHERE id = 3'), [])
  })
})

t.test('DELETE removes one import, and only the first of concurrent requests succeeds', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [1, 'local', 'a'],
    [2, 'local', 'b'],
  ])
  const deleted = await service.call('DELETE', `${imports}/1`)
  t.strictSame([deleted.status, deleted.text], [204, ''])
  t.strictSame(
    (await service.call('DELETE', `${imports}/1`)).body,
    errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'),
  )
  t.strictSame((await service.call('GET', `${imports}/1`)).body, errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'))
  t.strictSame(idsOf(await service.call('GET', imports)), [2])
  const many = await Promise.all(Array.from({ length: 10 }, () => service.call('DELETE', `${imports}/2`)))
  t.strictSame(many.map(({ status }) => status).sort(), [204, ...Array(9).fill(404)])
})
