import t, { type Test } from 'tap'
import { canonicalSourcePath, type SourceType } from '../../../src/projects-resources/imports/source-path/index.js'
import { errorBody, faultBody, resources, startApp, type TestApp } from '../../support/app.js'

/** One service for all; each test begins with its tables as they were. */
const shared = await startApp(t)

const imports = resources('/imports')

async function writeImport({ call }: TestApp, body: object = {}) {
  const response = await call('POST', imports, {
    body: { source_type: 'github', source_path: 'username/repository', title: 'a', description: 'b', ...body },
  })
  return { path: `${imports}/${response.body.import.id}`, written: response.body.import }
}

t.test('PUT changes what the body names, and nothing else', async (t) => {
  const service = await shared.reset()
  const { path, written } = await writeImport(service)
  const table: [body: object, expected: object][] = [
    [{ title: 'new' }, { title: 'new' }],
    [{ description: 'new too' }, { description: 'new too' }],
    [{ title: null }, { title: null }],
    [{ description: null }, { description: null }],
    [
      { title: 'x', description: '' },
      { title: 'x', description: '' },
    ],
    [{ source_path: 'https://github.com/username/other.git' }, { source_path: 'username/other' }],
    [
      { source_type: 'git', source_path: ' https://example.com/a.git' },
      { source_type: 'git', source_path: 'https://example.com/a.git' },
    ],
  ]
  let current = written
  for (const [body, expected] of table) {
    const response = await service.call('PUT', path, { body })
    t.equal(response.status, 200)
    t.strictSame(response.body.import, { ...current, ...expected, updated_at: response.body.import.updated_at })
    t.ok(response.body.import.updated_at > current.updated_at, 'updated_at moves')
    t.equal(response.body.import.created_at, written.created_at)
    t.strictSame((await service.call('GET', path)).body, response.body, 'and it is stored so')
    current = response.body.import
  }
})

t.test('updated_at moves also within a millisecond, and when the clock stood ahead', async (t) => {
  const service = await shared.reset()
  const { path } = await writeImport(service)
  await service.sql(`UPDATE imports SET updated_at = now() + interval '1 hour'`)
  const first = (await service.call('PUT', path, { body: { title: '1' } })).body.import.updated_at
  const second = (await service.call('PUT', path, { body: { title: '2' } })).body.import.updated_at
  t.ok(second > first)
})

t.test('a whole object, got, changed and put back, works; what is read-only in it stays', async (t) => {
  const service = await shared.reset()
  const { path, written } = await writeImport(service)
  const body = {
    ...written,
    title: 'changed',
    id: 4711,
    neptun_user_id: 2,
    project_id: 790,
    created_at: '2000-01-01T00:00:00.000Z',
    updated_at: '2000-01-01T00:00:00.000Z',
  }
  const response = await service.call('PUT', path, { body })
  t.strictSame(response.body.import, { ...written, title: 'changed', updated_at: response.body.import.updated_at })
  t.ok(response.body.import.updated_at > written.updated_at)
})

t.test('a body without one of the four fields is refused', async (t) => {
  const service = await shared.reset()
  const { path, written } = await writeImport(service)
  const problem = faultBody(['body', 'must have at least one of source_type, source_path, title, description'])
  const bodies = [
    {},
    { id: 5, neptun_user_id: 2 },
    { unknown: 1 },
    { source_type: null },
    { source_path: null },
    { source_type: null, source_path: null },
    { source_type: null, source_path: null, id: 5 },
  ]
  for (const body of bodies) {
    t.strictSame((await service.call('PUT', path, { body })).body, problem)
  }
  t.strictSame((await service.call('GET', path)).body.import, written)
})

t.test('a source_type or source_path that is null stays as it is; a title or description is cleared', async (t) => {
  const service = await shared.reset()
  const { path, written } = await writeImport(service, { title: 'old', description: 'old' })
  const nulls = { source_type: null, source_path: null, title: null, description: null }
  const table: [body: object, changed: object][] = [
    [
      { ...nulls, title: 'new' },
      { title: 'new', description: null },
    ],
    [nulls, { title: null, description: null }],
    [{ source_type: null, source_path: 'username/other', title: null }, { source_path: 'username/other' }],
    [{ source_type: 'gitlab', source_path: null }, { source_type: 'gitlab' }],
    [{ source_type: null, source_path: null, description: 'again' }, { description: 'again' }],
  ]
  let expected = written
  for (const [body, changed] of table) {
    const response = await service.call('PUT', path, { body })
    expected = { ...expected, ...changed, updated_at: response.body.import?.updated_at }
    t.strictSame([response.status, response.body], [200, { import: expected }], JSON.stringify(body))
  }
  t.strictSame((await service.call('GET', path)).body.import, expected)
})

t.test('the pair of type and path that results must match', async (t) => {
  const service = await shared.reset()
  const { path, written } = await writeImport(service)
  const table: [body: object, field: string][] = [
    [{ source_type: 'url' }, 'body.source_type'],
    [{ source_type: 'git' }, 'body.source_type'],
    [{ source_path: 'https://example.com/x' }, 'body.source_path'],
    [{ source_path: '../x' }, 'body.source_path'],
    [{ source_type: 'url', source_path: 'username/repository' }, 'body.source_path'],
    [{ source_type: 'github', source_path: 'https://example.com' }, 'body.source_path'],
    [{ source_type: 5 }, 'body.source_type'],
    [{ source_path: 5 }, 'body.source_path'],
    [{ source_type: 'url', source_path: null }, 'body.source_type'],
    [{ source_type: null, source_path: 'https://example.com/x' }, 'body.source_path'],
  ]
  for (const [body, field] of table) {
    const response = await service.call('PUT', path, { body: { ...body, title: 'never' } })
    t.equal(response.status, 400, JSON.stringify(body))
    t.equal(response.body.errors[0].path, field)
  }
  t.strictSame((await service.call('GET', path)).body.import, written, 'nothing was changed')

  const gitlab = await service.call('PUT', path, { body: { source_type: 'gitlab' } })
  t.match(gitlab.body.import, { source_type: 'gitlab', source_path: 'username/repository' })
})

t.test('a changed github path needs permission; an unchanged one does not again', async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  const { path } = await writeImport(service)
  const denied = (repository: string) =>
    errorBody(
      403,
      'GITHUB_ACCESS_DENIED',
      `No access to ${repository} on GitHub: install the GitHub App on the account ${repository.split('/')[0]} for ` +
        'this repository, or lift its suspension, record the installation, and try again',
    )
  t.strictSame((await call('PUT', path, { body: { source_path: 'other/x', title: 'never' } })).body, denied('other/x'))
  // Of selected repositories: shown, but a new import of it would need to be proved.
  await sql(`UPDATE github_installations SET repository_selection = 'selected'`)
  t.equal((await call('PUT', path, { body: { title: 'new', source_path: 'username/repository' } })).status, 200)
  t.strictSame((await call('PUT', path, { body: { source_path: 'username/y' } })).body, denied('username/y'))

  const local = await writeImport(service, { source_type: 'gitlab', source_path: 'username/z' })
  t.strictSame((await call('PUT', local.path, { body: { source_type: 'github' } })).body, denied('username/z'))
})

t.test('PUT of what is not there is 404, also when it goes while the request is on its way', async (t) => {
  const service = await shared.reset()
  const { path } = await writeImport(service)
  const notFound = errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found')
  t.strictSame((await service.call('PUT', `${imports}/4711`, { body: { title: 'x' } })).body, notFound)
  const storm = await Promise.all([
    ...Array.from({ length: 20 }, () => service.call('PUT', path, { body: { source_path: 'username/other' } })),
    service.call('DELETE', path),
    ...Array.from({ length: 20 }, () => service.call('PUT', path, { body: { title: 'x' } })),
  ])
  for (const response of storm) t.ok([200, 204, 404].includes(response.status), String(response.status))
  t.strictSame((await service.call('PUT', path, { body: { title: 'x' } })).body, notFound)
})

t.test(
  'two changes at once, one of the type and one of the path, never leave a pair that does not match',
  async (t) => {
    const service = await shared.reset()
    const { path } = await writeImport(service, { source_type: 'local', source_path: 'group/project' })
    const changes: object[] = [
      { source_type: 'gitlab' },
      { source_path: 'C:\\folder' },
      { source_type: 'bitbucket' },
      { source_path: './relative' },
      { source_type: 'local' },
      { source_path: 'group/project' },
      { source_path: 'group/sub/project' },
      { title: 'x' },
    ]
    const seen = new Set<number>()
    for (let round = 0; round < 15; round += 1) {
      await service.call('PUT', path, { body: { source_type: 'local', source_path: 'group/project' } })
      const responses = await Promise.all(changes.map((body) => service.call('PUT', path, { body })))
      for (const { status, body } of responses) {
        seen.add(status)
        if (status === 200) checkPair(t, body.import)
      }
      checkPair(t, (await service.call('GET', path)).body.import)
    }
    seen.delete(400)
    t.strictSame([...seen], [200], 'they went through or no longer matched, and nothing else happened')
  },
)

function checkPair(t: Test, { source_type, source_path }: { source_type: SourceType; source_path: string }) {
  t.strictSame(canonicalSourcePath(source_type, source_path), { path: source_path }, `${source_type} ${source_path}`)
}
