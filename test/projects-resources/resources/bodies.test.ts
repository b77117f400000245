import t from 'tap'
import { STORABLE_TEXT } from '../../../src/schemas.js'
import { resources, startApp, validationErrorBody } from '../../support/app.js'
import { RESOURCE_TYPES } from '../../support/resources.js'

const shared = await startApp(t)

type Problem = [path: string, message: string]

const ID = 'must be an integer from 1 to 2147483647'
const NUL = 'must not contain U+0000 or unpaired surrogates'
const length = (from: number, to: number) => `must have ${from} to ${to} characters`

/** A node of the schema of a body. */
interface Field {
  type?: string | string[]
  enum?: string[]
  pattern?: string
  minLength?: number
  maxLength?: number
}

/** Returns invalid values of a field, each with a name and the message of the validation error. */
function invalidValues({ type = 'string', enum: words, pattern, minLength: min, maxLength: max }: Field) {
  const types = [type].flat()
  const foreign = [0, -1, 1.5, 2_147_483_648, '2147483648', '01', ' 1', 'x', null]
  const named = (values: unknown[], message: string): [string, unknown, string][] =>
    values.map((value) => [JSON.stringify(value), value, message])
  if (types.includes('integer') && types.includes('string')) return named(foreign, `${ID}, as a number or a string`)
  if (words) return named(['some'], `must be one of ${words.join(', ')}`)
  // Add values here when a field has another schema.
  if (!types.includes('string') || !pattern || min === undefined || max === undefined) {
    throw new Error(`no invalid values are known for a field of type ${types.join(' or ')}`)
  }
  const text = types.includes('null') ? 'must be a string or null' : 'must be a string'
  const unmatched = ['a b', 'ä', '../x', 'a\0'].filter((value) => !new RegExp(pattern).test(value))
  return [
    ...named(types.includes('null') ? [5, {}] : [5, {}, null], text),
    ...(min > 0 ? named([''], length(min, max)) : []),
    ['too long', 'a'.repeat(max + 1), length(min, max)] as [string, unknown, string],
    ...(pattern === STORABLE_TEXT ? named(['a\0b', 'a\ud83d'], NUL) : named(unmatched, `must match ${pattern}`)),
  ]
}

type Responses<Schema> = Record<number, { content: { 'application/json': { schema: Schema } } }>

const schemaOf = <Schema>(responses: Responses<Schema>, status: number) =>
  responses[status]?.content['application/json'].schema

/** Sorts the validation errors of a body, whose order is not significant. */
const sortErrors = (body: { errors?: object[] }) => ({
  ...body,
  errors: body.errors?.map((error) => JSON.stringify(error)).sort(),
})

t.test('the route schemas of each resource type have exactly the expected properties', async (t) => {
  for (const { slug, idField, create, created, keys } of RESOURCE_TYPES) {
    // Every response property that is not in the request body needs an expected value in FURTHER_PROPERTIES
    // (test/support/resources.ts).
    const columns = ['id', 'created_at', 'updated_at', 'neptun_user_id']
    t.strictSame([...keys].sort(), [...columns, ...Object.keys(created)].sort(), slug)
    const routesOf = (method: string) =>
      shared.routes.filter((route) => route.url.endsWith(`/${slug}`) && route.method === method)
    const schema = routesOf('POST')[0]?.schema as {
      body: Record<'then' | 'else', { properties: object; required: string[] }>
      response: Responses<{ properties: object }>
    }
    const forms = [schema.body.then, schema.body.else].map(({ properties, required }) => [
      Object.keys(properties),
      required,
    ])
    t.strictSame(forms, [
      [[idField], [idField]],
      [Object.keys(create), Object.keys(create)],
    ])
    for (const status of [200, 201])
      t.strictSame(Object.keys(schemaOf(schema.response, status)?.properties ?? {}), keys)
    const list = routesOf('GET')[0]?.schema as { response: Responses<{ items: { properties: object } }> }
    t.strictSame(Object.keys(schemaOf(list.response, 200)?.items.properties ?? {}), keys)
  }
})

for (const { slug, idField, create, created, linkTable, table, texts, fields: schemas } of RESOURCE_TYPES) {
  const fields = Object.keys(schemas)
  const mixed: Problem = ['body', `must have either ${idField} or the fields ${fields.join(', ')}, not both`]
  const missing = fields.map((name): Problem => [`body.${name}`, 'is required'])
  const id = (value: unknown): [string, unknown, Problem[]] => [
    `the id ${JSON.stringify(value)}`,
    { [idField]: value },
    [[`body.${idField}`, ID]],
  ]

  const cases: [name: string, body: unknown, validationErrors: Problem[]][] = [
    id(0),
    id(-1),
    id(1.5),
    id(2_147_483_648),
    id(1e300),
    id('123'),
    id('0x10'),
    id(''),
    id(null),
    id(true),
    id([123]),
    id({ id: 123 }),
    ['an id and a field', { [idField]: 123, ...create }, [mixed]],
    ['an id and one field that is null', { [idField]: 123, [fields[0] ?? '']: null }, [mixed]],
    ['an empty object', {}, [...missing, [`body.${idField}`, `is required, unless the body has ${fields.join(', ')}`]]],
    [
      'only an unknown property',
      { x: 1 },
      [...missing, [`body.${idField}`, `is required, unless the body has ${fields.join(', ')}`]],
    ],
    ['a list', [{ [idField]: 123 }], [['body', 'must be an object']]],
    ['null', 'null', [['body', 'must be an object']]],
    ['a string', '"x"', [['body', 'must be an object']]],
  ]
  for (const name of fields) {
    const { [name]: _, ...rest } = create
    cases.push([`no ${name}`, rest, [[`body.${name}`, 'is required']]])
    for (const [what, value, message] of invalidValues(schemas[name] as Field)) {
      cases.push([`${name}: ${what}`, { ...create, [name]: value }, [[`body.${name}`, message]]])
    }
  }

  t.test(`${slug}: all validation errors of a body are reported, and nothing is stored`, async (t) => {
    const { call, sql } = await shared.reset()
    const count = async () =>
      (await sql(`SELECT (SELECT count(*) FROM ${table}), (SELECT count(*) FROM ${linkTable})`))[0]
    const before = await count()
    for (const [name, body, validationErrors] of cases) {
      const response = await call('POST', resources(`/${slug}`), { body })
      t.equal(response.status, 400, name)
      t.strictSame(sortErrors(response.body), sortErrors(validationErrorBody(...validationErrors)), name)
    }
    t.strictSame(await count(), before)
  })

  t.test(`${slug}: fields of the maximum length are stored`, async (t) => {
    const { call } = await shared.reset()
    const longest = Object.fromEntries(texts.map((name) => [name, 'a'.repeat(schemas[name]?.['maxLength'])]))
    const response = await call('POST', resources(`/${slug}`), { body: { ...create, ...longest } })
    t.equal(response.status, 201)
    // Compared with ===, so that a failure does not print the texts.
    for (const name of fields) t.ok(response.body[name] === (longest[name] ?? created[name]), name)
  })
}
