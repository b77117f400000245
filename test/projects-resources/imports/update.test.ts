import t, { type Test } from 'tap'
import { UpdateImportBody } from '../../../src/projects-resources/imports/schemas.js'
import { canonicalSourcePath, type SourceType } from '../../../src/projects-resources/imports/source-path/index.js'
import {
  accessDeniedBody,
  errorBody,
  resources,
  startApp,
  type TestApp,
  validationErrorBody,
} from '../../support/app.js'
import { race } from '../../support/race.js'

const shared = await startApp(t)

const imports = resources('/imports')

const MISMATCH = 'does not match the source_path, which'
const URL_PROBLEM = 'must be an absolute http or https URL'
const GIT_PROBLEM = 'must be a clone URL: https://host/path, ssh://user@host/path or user@host:path'
const HOST_PROBLEM =
  'must not name a host other than github.com: for a clone URL on another host, use the source_type git'
const OWNER_PROBLEM =
  'must name an owner of 1 to 39 letters and digits, with single hyphens and at most one _ between them'

async function createImport({ call }: TestApp, body: object = {}) {
  const response = await call('POST', imports, {
    body: { source_type: 'github', source_path: 'username/repository', title: 'a', description: 'b', ...body },
  })
  return { path: `${imports}/${response.body.import.id}`, created: response.body.import }
}

t.test('PUT of an import changes only the fields in the body', async (t) => {
  const service = await shared.reset()
  const { path, created } = await createImport(service)
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
  let current = created
  for (const [body, expected] of table) {
    const response = await service.call('PUT', path, { body })
    t.equal(response.status, 200)
    t.strictSame(response.body.import, { ...current, ...expected, updated_at: response.body.import.updated_at })
    t.ok(response.body.import.updated_at > current.updated_at, 'updated_at increases')
    t.equal(response.body.import.created_at, created.created_at)
    t.strictSame((await service.call('GET', path)).body, response.body, 'the change is stored')
    current = response.body.import
  }
})

t.test('every change increases updated_at, even within one millisecond or after the clock is set back', async (t) => {
  const service = await shared.reset()
  // A trigger replaces the updated_at of an UPDATE, but not that of an INSERT.
  await service.sql(`INSERT INTO imports (id, source_type, source_path, updated_at, neptun_user_id, project_id)
    VALUES (900, 'local', 'x', '2099-01-01T00:00:00.000Z', 1, 789)`)
  for (const updated_at of ['2099-01-01T00:00:00.001Z', '2099-01-01T00:00:00.002Z']) {
    const { body } = await service.call('PUT', `${imports}/900`, { body: { title: updated_at } })
    t.equal(body.import.updated_at, updated_at)
  }
})

t.test('PUT accepts a whole object and ignores its read-only fields', async (t) => {
  const service = await shared.reset()
  const { path, created } = await createImport(service)
  const body = {
    ...created,
    title: 'changed',
    id: 4711,
    neptun_user_id: 2,
    project_id: 790,
    created_at: '2000-01-01T00:00:00.000Z',
    updated_at: '2000-01-01T00:00:00.000Z',
  }
  const response = await service.call('PUT', path, { body })
  t.strictSame(response.body.import, { ...created, title: 'changed', updated_at: response.body.import.updated_at })
  t.ok(response.body.import.updated_at > created.updated_at)
})

t.test('PUT rejects a body that sets no field', async (t) => {
  const service = await shared.reset()
  const { path, created } = await createImport(service)
  const problem = validationErrorBody([
    'body',
    `must have at least one of ${Object.keys(UpdateImportBody.properties).join(', ')}`,
  ])
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
    t.strictSame((await service.call('PUT', path, { body })).body, problem, JSON.stringify(body))
  }
  t.strictSame((await service.call('GET', path)).body.import, created)
})

t.test('null clears title and description, and leaves source_type and source_path unchanged', async (t) => {
  const service = await shared.reset()
  const { path, created } = await createImport(service, { title: 'old', description: 'old' })
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
  let expected = created
  for (const [body, changed] of table) {
    const response = await service.call('PUT', path, { body })
    expected = { ...expected, ...changed, updated_at: response.body.import?.updated_at }
    t.strictSame([response.status, response.body], [200, { import: expected }], JSON.stringify(body))
  }
  t.strictSame((await service.call('GET', path)).body.import, expected)
})

t.test('PUT rejects a body if the resulting source_path does not have the format of the source_type', async (t) => {
  const service = await shared.reset()
  const { path, created } = await createImport(service)
  const table: [body: object, field: string, message: string][] = [
    [{ source_type: 'url' }, 'body.source_type', `${MISMATCH} ${URL_PROBLEM}`],
    [{ source_type: 'git' }, 'body.source_type', `${MISMATCH} ${GIT_PROBLEM}`],
    [{ source_path: 'https://example.com/x' }, 'body.source_path', HOST_PROBLEM],
    [{ source_path: '../x' }, 'body.source_path', OWNER_PROBLEM],
    [{ source_type: 'url', source_path: 'username/repository' }, 'body.source_path', URL_PROBLEM],
    [{ source_type: 'github', source_path: 'https://example.com' }, 'body.source_path', HOST_PROBLEM],
    [{ source_type: 5 }, 'body.source_type', 'must be one of github, gitlab, bitbucket, git, url, local'],
    [{ source_path: 5 }, 'body.source_path', 'must be a string or null'],
    [{ source_type: 'url', source_path: null }, 'body.source_type', `${MISMATCH} ${URL_PROBLEM}`],
    [{ source_type: null, source_path: 'https://example.com/x' }, 'body.source_path', HOST_PROBLEM],
  ]
  for (const [body, field, message] of table) {
    const response = await service.call('PUT', path, { body: { ...body, title: 'never' } })
    t.strictSame([response.status, response.body], [400, validationErrorBody([field, message])], JSON.stringify(body))
  }
  t.strictSame((await service.call('GET', path)).body.import, created, 'nothing was changed')

  const gitlab = await service.call('PUT', path, { body: { source_type: 'gitlab' } })
  const { updated_at } = gitlab.body.import
  t.strictSame(gitlab.body.import, { ...created, source_type: 'gitlab', updated_at })
})

t.test('permission is checked for a changed github path, but not again for an unchanged one', async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  const { path } = await createImport(service)
  const denied = accessDeniedBody
  t.strictSame((await call('PUT', path, { body: { source_path: 'other/x', title: 'never' } })).body, denied('other/x'))
  // An installation with selected repositories keeps imports visible, but does not permit new ones.
  await sql(`UPDATE github_installations SET repository_selection = 'selected'`)
  t.equal((await call('PUT', path, { body: { title: 'new', source_path: 'username/repository' } })).status, 200)
  t.strictSame((await call('PUT', path, { body: { source_path: 'username/y' } })).body, denied('username/y'))

  const local = await createImport(service, { source_type: 'gitlab', source_path: 'username/z' })
  t.strictSame((await call('PUT', local.path, { body: { source_type: 'github' } })).body, denied('username/z'))
})

t.test('PUT of an import that does not exist, or is deleted concurrently, is 404', async (t) => {
  const service = await shared.reset()
  const { path } = await createImport(service)
  const notFound = errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found')
  t.strictSame((await service.call('PUT', `${imports}/4711`, { body: { title: 'x' } })).body, notFound)
  const puts = (body: object) => Array.from({ length: 20 }, () => service.call('PUT', path, { body }))
  const before = puts({ source_path: 'username/other' })
  const deletion = service.call('DELETE', path)
  const responses = await Promise.all([...before, ...puts({ title: 'x' })])
  t.equal((await deletion).status, 204)
  for (const { status, body } of responses) {
    if (status === 200) t.match(body.import.source_path, /^username\/(repository|other)$/)
    else t.strictSame(body, notFound)
  }
  t.strictSame((await service.call('PUT', path, { body: { title: 'x' } })).body, notFound)
})

t.test('concurrent changes of only source_type and only source_path never result in an invalid pair', async (t) => {
  const service = await shared.reset()
  const { path, created } = await createImport(service, { source_type: 'local', source_path: 'group/project' })
  const lock = `SELECT FROM imports WHERE id = ${created.id} FOR UPDATE`
  for (const [source_type, source_path] of [
    ['gitlab', 'C:\\folder'],
    ['bitbucket', './relative'],
    ['github', 'not a repository'],
  ]) {
    const restored = await service.call('PUT', path, {
      body: { source_type: 'local', source_path: 'username/project' },
    })
    t.equal(restored.status, 200)
    const responses = await race(t, service, lock, [
      () => service.call('PUT', path, { body: { source_type } }),
      () => service.call('PUT', path, { body: { source_path } }),
    ])
    const what = `${source_type} and ${source_path}`
    t.strictSame(responses.map(({ status }) => status).sort(), [200, 400], `${what}: the second change is invalid`)
    checkPair(t, (await service.call('GET', path)).body.import)
  }
})

/** Expects the path to be in the canonical form of its type. */
function checkPair(t: Test, { source_type, source_path }: { source_type: SourceType; source_path: string }) {
  t.strictSame(canonicalSourcePath(source_type, source_path), { path: source_path }, `${source_type} ${source_path}`)
}
