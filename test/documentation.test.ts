import { readFile } from 'node:fs/promises'
import t from 'tap'
import { makeServiceDocument } from '../scripts/openapi-document.js'
import { ApiError, ERROR_CODES } from '../src/errors.js'
import { File } from '../src/projects-resources/files/schemas.js'
import { Import } from '../src/projects-resources/imports/schemas.js'
import { SOURCE_TYPES } from '../src/projects-resources/imports/source-path/index.js'
import { RESOURCE_DESCRIPTORS } from '../src/projects-resources/resources/index.js'

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

const BASE = '/api/users/{user_id}/projects/{project_id}/resources'

interface Operation {
  operationId?: string
  parameters?: { in: string; name: string }[]
}

interface Document {
  paths: Record<string, Record<string, Operation>>
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
  // The OpenAPI document omits the last two routes.
  const described = [...new Set(operationsOf(document).map(abbreviate)), 'GET /openapi.json', 'GET /docs']
  t.same([...new Set(callsOf(await read('docs/api.md')))].sort(), described.sort())
})

/** Formats a list of words like the pages do: `a`, `b` or `c`. */
const enumerate = (words: readonly string[]) =>
  words
    .map((word) => `\`${word}\``)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1')

t.test('docs/api.md describes every resource type and source type', async (t) => {
  const page = await read('docs/api.md')
  for (const { slug, idField, create, resource } of RESOURCE_DESCRIPTORS) {
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith(`| \`${slug}\` |`))
      .join()
    t.match(rows, `\`{"${idField}": 123}\``)
    const common = ['id', 'created_at', 'updated_at', 'neptun_user_id']
    const names = Object.keys({ ...create.properties, ...resource.properties })
    for (const name of names.filter((name) => !common.includes(name))) t.match(rows, `\`${name}\``, slug)
  }
  for (const type of SOURCE_TYPES) t.match(page, `| \`${type}\` |`)
  t.match(page, `| \`source_type\` | ${enumerate(SOURCE_TYPES)} |`)
  const headings =
    (await read('docs/source-paths.md'))
      .match(/^## .*/gm)
      ?.join(', ')
      .split(/[#, ]+/) ?? []
  t.same(new Set(headings.filter(Boolean)), new Set(SOURCE_TYPES))
  for (const text of [page, await read('README.md')]) t.match(text, `\`resource_type\` is ${enumerate(SLUGS)}.`)
})

t.test('docs/api.md and the README list the filters of every list', async (t) => {
  const { paths } = JSON.parse(await read('docs/openapi/openapi.json')) as Document
  const pages = [await read('docs/api.md'), await read('README.md')]
  for (const [path, { get }] of Object.entries(paths)) {
    const names = get?.parameters?.flatMap(({ in: place, name }) => (place === 'query' ? [name] : [])) ?? []
    const filters = names.filter((name) => name !== 'limit' && name !== 'cursor').map((name) => `${name}=`)
    if (filters.length === 0) continue
    for (const page of pages) t.match(page, `${path.replace(BASE, 'R')}[?${filters.join('&')}]`)
  }
})

t.test('the sections on imports and files in docs/api.md list every field', async (t) => {
  const sections = (await read('docs/api.md')).split(/^## /m)
  for (const [title, { properties }] of [
    ['Imports', Import],
    ['Files', File],
  ] as const) {
    const rows =
      sections
        .find((section) => section.startsWith(title))
        ?.match(/^\| `[^|]*/gm)
        ?.join() ?? ''
    for (const name of Object.keys(properties)) t.match(rows, `\`${name}\``, `${title}: ${name}`)
  }
})

t.test('docs/api.md names every field', async (t) => {
  const { components } = JSON.parse(await read('docs/openapi/openapi.json')) as Document
  const page = await read('docs/api.md')
  const words = new Set(page.match(/\w+/g))
  // docs/api.md omits the payload of webhooks, which GitHub documents.
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

/** Returns the errors in tables whose rows begin with a status and codes. Each has the form `404 USER_NOT_FOUND`. */
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
