import t from 'tap'
import { faultBody, resources, startApp } from '../../support/app.js'
import { RESOURCE_TYPES } from '../../support/resources.js'

const shared = await startApp(t)

type Problem = [path: string, message: string]

const ID = 'must be an integer from 1 to 2147483647'
const NUL = 'must not contain U+0000 or unpaired surrogates'
const length = (from: number, to: number) => `must have ${from} to ${to} characters`

/** Constraints of the fields of all types: lengths, or accepted values. */
const FIELDS: Record<string, { min?: number; max?: number; nullable?: boolean; id?: boolean; words?: string[] }> = {
  title: { min: 1, max: 255 },
  text: { min: 0, max: 1_048_576 },
  language: { min: 1, max: 64 },
  extension: { min: 1, max: 32 },
  name: { min: 1, max: 255 },
  description: { min: 0, max: 10_000, nullable: true },
  model_publisher: { min: 1, max: 255 },
  model_name: { min: 1, max: 255 },
  account_name: { min: 1, max: 255 },
  installation_id: { id: true },
  repository_selection: { words: ['all', 'selected'] },
}

type Responses<Schema> = Record<number, { content: { 'application/json': { schema: Schema } } }>

const schemaOf = <Schema>(responses: Responses<Schema>, status: number) =>
  responses[status]?.content['application/json'].schema

/** Sorts the validation errors of a body, whose order is not significant. */
const sortErrors = (body: { errors?: object[] }) => ({
  ...body,
  errors: body.errors?.map((error) => JSON.stringify(error)).sort(),
})

t.test('the schemas of each type have exactly the documented properties', async (t) => {
  for (const { slug, idField, create, keys } of RESOURCE_TYPES) {
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

for (const { slug, idField, create, created, linkTable, table } of RESOURCE_TYPES) {
  const fields = Object.keys(create)
  const mixed: Problem = ['body', `must have either ${idField} or ${fields.join(', ')}, not both`]
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
    ['neither', {}, [...missing, [`body.${idField}`, `is required, unless the body has ${fields.join(', ')}`]]],
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
    const wrong = (what: string, value: unknown, ...messages: string[]) =>
      cases.push([
        `${name}: ${what}`,
        { ...create, [name]: value },
        messages.map((one): Problem => [`body.${name}`, one]),
      ])
    const { min, max, nullable, id: isId, words } = FIELDS[name] ?? {}
    const foreign = [0, -1, 1.5, 2_147_483_648, '2147483648', '01', ' 1', 'x', null]
    if (isId) for (const value of foreign) wrong(JSON.stringify(value), value, `${ID}, as a number or a string`)
    if (words) wrong('another word', 'some', `must be one of ${words.join(', ')}`)
    if (max === undefined || min === undefined) continue
    const type = nullable ? 'must be a string or null' : 'must be a string'
    wrong('a number', 5, type)
    wrong('an object', {}, type)
    if (!nullable) wrong('null', null, type)
    if (min > 0) wrong('empty', '', length(min, max))
    wrong('too long', 'a'.repeat(max + 1), length(min, max))
    if (name === 'extension') {
      for (const value of ['a b', 'ä', '../x', 'a\0'])
        wrong(JSON.stringify(value), value, 'must match ^[A-Za-z0-9.+_-]*$')
    } else {
      wrong('NUL', 'a\0b', NUL)
      wrong('half a pair', 'a\ud83d', NUL)
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
      t.strictSame(sortErrors(response.body), sortErrors(faultBody(...validationErrors)), name)
    }
    t.strictSame(await count(), before)
  })

  t.test(`${slug}: fields of the maximum length are stored`, async (t) => {
    const { call } = await shared.reset()
    const longest = Object.fromEntries(
      Object.entries(create).map(([name, value]) => {
        const { max } = FIELDS[name] ?? {}
        return [name, max === undefined ? value : 'a'.repeat(max)]
      }),
    )
    const response = await call('POST', resources(`/${slug}`), { body: longest })
    t.equal(response.status, 201)
    for (const [name, value] of Object.entries(longest)) {
      const expected = FIELDS[name]?.max === undefined ? created[name] : value
      // Compared with ===, so that a failure does not print the texts.
      t.ok(response.body[name] === expected, name)
    }
  })
}
