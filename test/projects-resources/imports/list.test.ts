import t from 'tap'
import { errorBody, faultBody, nextPage, resources, startApp, type TestApp } from '../../support/app.js'

/** One service for all; each test begins with its tables as they were. */
const shared = await startApp(t)

const imports = resources('/imports')

/** Imports with the given ids, each an hour younger than the one before. */
async function writeImports({ sql }: TestApp, rows: [id: number, type: string, path: string][]) {
  for (const [index, [id, type, path]] of rows.entries()) {
    await sql(
      `INSERT INTO imports (id, source_type, source_path, created_at, updated_at, neptun_user_id, project_id)
       VALUES ($1, $2::text::source_type, $3, $4, $4, 1, 789)`,
      [id, type, path, new Date(Date.UTC(2025, 1, 16, 17 + index, 42, 11))],
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

t.test('the list is whole, and oldest first', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [30, 'github', 'username/first'],
    [20, 'gitlab', 'group/second'],
    [10, 'github', 'username/third'],
  ])
  const { body } = await service.call('GET', imports)
  t.strictSame(idsOf({ body }), [30, 20, 10])
  t.strictSame(body.imports[0], {
    id: 30,
    source_type: 'github',
    source_path: 'username/first',
    title: null,
    description: null,
    created_at: '2025-02-16T17:42:11.000Z',
    updated_at: '2025-02-16T17:42:11.000Z',
    neptun_user_id: 1,
    project_id: 789,
  })
})

t.test('source_type filters', async (t) => {
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

t.test('pages, one after the other, are the whole list', async (t) => {
  const service = await shared.reset()
  // Many of the same moment: the order must still be total.
  await service.sql(`
    INSERT INTO imports (source_type, source_path, created_at, neptun_user_id, project_id)
    SELECT CASE n % 2 WHEN 0 THEN 'local' ELSE 'url' END::source_type, 'http://x/' || n,
      timestamptz '2025-01-01' + interval '1 ms' * (n / 7), 1, 789
    FROM generate_series(1, 53) n`)
  const whole = (await service.call('GET', imports)).body.imports

  for (const query of ['limit=1', 'limit=10', 'limit=52', 'limit=53', 'limit=100', 'source_type=url&limit=4']) {
    const expected = query.includes('url')
      ? whole.filter((one: { source_type: string }) => one.source_type === 'url')
      : whole
    const collected: unknown[] = []
    let path: string | undefined = `${imports}?${query}`
    while (path) {
      const response = await service.call('GET', path)
      t.equal(response.status, 200)
      t.ok(response.body.imports.length > 0, 'no page is empty')
      collected.push(...response.body.imports)
      path = nextPage(path, response)
    }
    t.strictSame(collected, expected, query)
  }
})

t.test('a list of 1000 imports is complete, and counts what it withholds', async (t) => {
  const { call, sql } = await shared.reset()
  // The first 600 are withheld, so that whole batches of rows have nothing to show.
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

t.test('a page that follows holds what was added meanwhile, and nothing twice', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [1, 'local', 'a'],
    [2, 'local', 'b'],
    [3, 'local', 'c'],
  ])
  const first = await service.call('GET', `${imports}?limit=2`)
  t.strictSame(idsOf(first), [1, 2])
  await service.call('DELETE', `${imports}/2`)
  await writeImports(service, [[4, 'local', 'older than all']])
  const next = nextPage(imports, first)
  t.strictSame(idsOf(await service.call('GET', next ?? '')), [3])
})

t.test('what is wrong with a query is said', async (t) => {
  const { call } = await shared.reset()
  const LIMIT: [string, string] = ['query.limit', 'must be an integer from 1 to 100']
  const CURSOR: [string, string] = ['query.cursor', 'is not a cursor of this list']
  const TYPE: [string, string] = ['query.source_type', 'must be one of github, gitlab, bitbucket, git, url, local']
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
    ['limit=5&cursor=%00', CURSOR, ['query.cursor', 'must not contain U+0000 or unpaired surrogates']],
    ['cursor=bXdwcjVtanYuM2Y', ['query.limit', 'is required with a cursor']],
    ['limit=x&source_type=svn', LIMIT, TYPE],
  ]
  for (const [query, ...validationErrors] of table) {
    const { status, body } = await call('GET', `${imports}?${query}`)
    t.equal(status, 400, query)
    const expected = new Set(validationErrors.map(([path, message]) => JSON.stringify({ path, message })))
    for (const problem of body.errors)
      t.ok(expected.has(JSON.stringify(problem)), `${query}: ${JSON.stringify(problem)}`)
    t.strictSame(body, { ...faultBody(), errors: body.errors })
    t.ok(body.errors.length > 0)
  }
})

t.test('a github import is withheld while its user has no access to its owner', async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  await writeImports(service, [
    [1, 'github', 'UserName/kept'],
    [2, 'github', 'elsewhere/gone'],
    [3, 'github', 'elsewhere/gone-too'],
    [4, 'gitlab', 'elsewhere/no-matter'],
  ])
  const denied = (path: string) =>
    errorBody(
      403,
      'GITHUB_ACCESS_DENIED',
      `No access to ${path} on GitHub: install the GitHub App on the account ${path.split('/')[0]} for this ` +
        'repository, or lift its suspension, record the installation, and try again',
    )

  t.test('the list leaves it out and counts it', async (t) => {
    const response = await call('GET', imports)
    t.strictSame(idsOf(response), [1, 4])
    t.equal(response.headers.get('x-imports-withheld'), '2')
    const page = await call('GET', `${imports}?limit=1`)
    t.strictSame([idsOf(page), page.headers.get('x-imports-withheld')], [[1], '2'])
    t.equal((await call('GET', `${imports}?source_type=gitlab`)).headers.get('x-imports-withheld'), null)
  })

  t.test('GET and PUT of it are refused, also when it belongs to a suspended installation', async (t) => {
    t.strictSame((await call('GET', `${imports}/2`)).body, denied('elsewhere/gone'))
    t.strictSame((await call('PUT', `${imports}/2`, { body: { title: 'x' } })).body, denied('elsewhere/gone'))
    await sql(`UPDATE github_installations SET suspended_at = now() WHERE account_name = 'username'`)
    t.strictSame((await call('GET', `${imports}/1`)).body, denied('UserName/kept'))
    t.strictSame(idsOf(await call('GET', imports)), [4])
    await sql('UPDATE github_installations SET suspended_at = NULL')
    t.equal((await call('GET', `${imports}/1`)).status, 200)
  })

  t.test('PUT to a path that is permitted works, and to one that is not does not', async (t) => {
    const moved = await call('PUT', `${imports}/2`, { body: { source_path: 'username/moved' } })
    t.equal(moved.status, 200)
    t.equal(moved.body.import.source_path, 'username/moved')
    const typeAlone = await call('PUT', `${imports}/3`, { body: { source_type: 'gitlab' } })
    t.strictSame(typeAlone.body, denied('elsewhere/gone-too'), 'nor does another type open it')
    const refused = await call('PUT', `${imports}/3`, { body: { source_path: 'elsewhere/other' } })
    t.strictSame(refused.body, denied('elsewhere/other'))
  })

  t.test('nothing is lost: once access is back it shows again', async (t) => {
    await sql(`
      INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
      VALUES (7, 'Elsewhere', 'selected', 1)`)
    const response = await call('GET', imports)
    t.strictSame(idsOf(response), [1, 2, 3, 4])
    t.equal(response.headers.get('x-imports-withheld'), null)
    await sql(`DELETE FROM github_installations WHERE account_name = 'Elsewhere'`)
  })

  t.test("another user's installation is none of mine", async (t) => {
    await sql(`
      INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
      VALUES (8, 'elsewhere', 'all', 2)`)
    t.strictSame((await call('GET', `${imports}/3`)).body, denied('elsewhere/gone-too'))
  })

  t.test('DELETE works', async (t) => {
    t.equal((await call('DELETE', `${imports}/3`)).status, 204)
    t.strictSame(await sql('SELECT id FROM imports WHERE id = 3'), [])
  })
})

t.test('DELETE removes one import, once', async (t) => {
  const service = await shared.reset()
  await writeImports(service, [
    [1, 'local', 'a'],
    [2, 'local', 'b'],
  ])
  const gone = await service.call('DELETE', `${imports}/1`)
  t.strictSame([gone.status, gone.text], [204, ''])
  t.strictSame(
    (await service.call('DELETE', `${imports}/1`)).body,
    errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'),
  )
  t.strictSame((await service.call('GET', `${imports}/1`)).body, errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'))
  t.strictSame(idsOf(await service.call('GET', imports)), [2])
  const many = await Promise.all(Array.from({ length: 10 }, () => service.call('DELETE', `${imports}/2`)))
  t.strictSame(many.map(({ status }) => status).sort(), [204, ...Array(9).fill(404)])
})
