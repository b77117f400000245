import { readFile } from 'node:fs/promises'
import t from 'tap'
import { makeServiceDocument } from '../scripts/openapi-document.js'
import { ApiError, ERROR_CODES } from '../src/errors.js'
import { SOURCE_TYPES } from '../src/projects-resources/imports/source-path/index.js'
import { RESOURCE_DESCRIPTORS } from '../src/projects-resources/resources/index.js'

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

const BASE = '/api/users/{user_id}/projects/{project_id}/resources'

interface Document {
  paths: Record<string, Record<string, { operationId?: string }>>
  components: { schemas: Record<string, { properties?: object }> }
}

/** Returns the operations of an OpenAPI document: `GET /path`. */
const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => operationId !== undefined)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  )

/** Returns the calls in the first column of a page's tables: `GET /path`, without a query. */
function callsOf(page: string): string[] {
  const rows = page.match(/^\| `(?:GET|POST|PUT|DELETE) [^|]*/gm) ?? []
  return rows.flatMap((row) => row.match(/(?:GET|POST|PUT|DELETE) [^`[]+/g) ?? [])
}

const SLUGS = RESOURCE_DESCRIPTORS.map(({ slug }) => slug)
const TYPES = new RegExp(`/(${SLUGS.join('|')})(?=/|$)`)

/** Abbreviates a path like the pages do. */
const abbreviate = (operation: string) => operation.replace(BASE, 'R').replace(TYPES, '/{resource_type}')

t.test('docs/api.md lists every operation', async (t) => {
  const document = JSON.parse(await read('docs/openapi/openapi.json'))
  // The document does not describe these routes.
  const described = [...new Set(operationsOf(document).map(abbreviate)), 'GET /openapi.json', 'GET /docs']
  t.same([...new Set(callsOf(await read('docs/api.md')))].sort(), described.sort())
})

t.test('docs/api.md has a row for every resource type and source type', async (t) => {
  const page = await read('docs/api.md')
  for (const type of [...SLUGS, ...SOURCE_TYPES]) t.match(page, `| \`${type}\` |`)
})

t.test('docs/api.md names every field', async (t) => {
  const { components } = JSON.parse(await read('docs/openapi/openapi.json')) as Document
  const page = await read('docs/api.md')
  const words = new Set(page.match(/\w+/g))
  // The payload of a webhook is GitHub's.
  const { GithubWebhook: _, ...schemas } = components.schemas
  const fields = Object.values(schemas).flatMap(({ properties = {} }) => Object.keys(properties))
  t.ok(fields.length > 100, `${fields.length} fields`)
  t.same(
    [...new Set(fields)].filter((field) => !words.has(field)),
    [],
  )
})

/** Error codes of the internal API only. */
const INTERNAL_CODES = ['USER_NOT_FOUND', 'ID_TAKEN']

/** Returns the rows of tables that begin with a status and codes: `404 USER_NOT_FOUND`. */
const errorsOf = (page: string) =>
  [...page.matchAll(/^\| (\d{3}) \| ([^|]+) \|/gm)].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => `${status} ${code}`),
  )

t.test('docs/api.md lists every error with its status', async (t) => {
  const codes = ERROR_CODES.filter((code) => !INTERNAL_CODES.includes(code))
  const expected = codes.map((code) => `${new ApiError(code).statusCode} ${code}`)
  t.same(errorsOf(await read('docs/api.md')).sort(), expected.sort())
})

t.test('docs/integration.md lists every operation and error of the internal API', async (t) => {
  const page = await read('docs/integration.md')
  const simplify = (operation: string) =>
    operation.replace('/internal/v1', '').replace('{user_id}', '{id}').replace(TYPES, '/{resource_type}')
  const operations = operationsOf(JSON.parse(await makeServiceDocument())).map(simplify)
  t.same(callsOf(page).sort(), [...new Set(operations)].sort())
  const errors = errorsOf(page)
  for (const code of INTERNAL_CODES)
    t.ok(
      errors.some((error) => error.endsWith(` ${code}`)),
      code,
    )
  for (const error of errors) {
    const [status, code] = error.split(' ')
    t.equal(status, String(new ApiError(code as (typeof ERROR_CODES)[number]).statusCode), error)
  }
})
