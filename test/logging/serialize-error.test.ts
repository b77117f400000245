import t from 'tap'
import { ApiError } from '../../src/errors.js'
import { RefusedResponse } from '../../src/github/bounded-fetch.js'
import { serializeError } from '../../src/logging/serialize-error.js'
import { errorBody, resources, startApp, until } from '../support/app.js'

const SECRET = 'va1ue-of-a-body'

/** Calls `action`, and returns the error that it throws. */
function errorOf(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('no error was thrown')
}

t.test('an error is logged without the input that a library has added to it', async (t) => {
  const nested = new Error('outer', { cause: new Error(SECRET, { cause: { input: SECRET } }) })
  const errors: [name: string, error: unknown][] = [
    ['new URL', errorOf(() => new URL(`http://${SECRET} /`))],
    ['JSON.parse', errorOf(() => JSON.parse(SECRET))],
    ['BigInt', errorOf(() => BigInt(SECRET))],
    ['Headers', errorOf(() => new Headers([['a', `${SECRET}\u0000`]]))],
    ['new Map', errorOf(() => new Map([SECRET] as never))],
    ['decodeURIComponent', errorOf(() => decodeURIComponent(`%${SECRET}`))],
    ['a property of undefined', errorOf(() => (undefined as never)[SECRET])],
    ['Buffer.alloc', errorOf(() => Buffer.alloc(SECRET as never))],
    ['a message that looks like a stack', new Error(`a\n    at ${SECRET} (file.js:1:1)`)],
    ['a cause', nested],
    ['several errors', new AggregateError([new Error(SECRET), SECRET], SECRET)],
    ['properties', Object.assign(new Error('x'), { input: SECRET, detail: SECRET, where: SECRET, meta: { SECRET } })],
    ['codes', Object.assign(new Error('x'), { code: `${SECRET} !`, constraint: `${SECRET} !` })],
    ['a request', Object.assign(new Error('x'), { request: { body: SECRET }, response: { data: SECRET } })],
    [
      'validation errors of Ajv',
      Object.assign(new Error('x'), { validation: [{ data: SECRET, params: { a: SECRET } }] }),
    ],
    ['a 4xx of this service', new ApiError('GITHUB_ACCESS_DENIED', { message: SECRET })],
    ['a name', Object.assign(new Error('x'), { name: SECRET })],
    ['text', SECRET],
    ['an object', { message: SECRET }],
    ['nothing', undefined],
  ]
  for (const [name, error] of errors) t.notMatch(JSON.stringify(serializeError(error)), SECRET, name)
})

t.test('an error is logged with type, code and stack, and with its message if that has no user input', async (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  })
  const error = new ApiError('DATABASE_UNAVAILABLE', { cause: new AggregateError([refused], SECRET) })
  t.match(serializeError(error), {
    type: 'ApiError',
    message: 'The database is unavailable',
    code: 'DATABASE_UNAVAILABLE',
    stack: /^ApiError: The database is unavailable\n {4}at .*serialize-error/,
    cause: {
      type: 'AggregateError',
      errors: [{ type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' }],
    },
  })
  t.match(serializeError(new RefusedResponse('a redirect')), { type: 'RefusedResponse', message: 'a redirect' })
  const unknown = serializeError(errorOf(() => JSON.parse(SECRET)))
  t.match(unknown, { type: 'SyntaxError', stack: /^SyntaxError\n {4}at JSON\.parse/ })
  t.notOk('message' in unknown)

  const circular = new Error('x')
  circular.cause = circular
  t.match(serializeError(circular), { type: 'Error' }, 'a circular cause')
})

t.test('values in error messages of the database are not logged', async (t) => {
  const { call, sql, log } = await startApp(t)
  const imports = resources('/imports')
  const body = { source_type: 'local', source_path: `/${SECRET}-path`, title: `${SECRET}-title`, description: SECRET }
  const created = await call('POST', imports, { body: { ...body, title: 'x', description: 'x' } })
  const one = `${imports}/${created.body.import.id}`
  const file = { title: SECRET, text: `${SECRET}-text`, language: 'x', extension: 'x' }

  const raise = (table: string, text: string) => `
    CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${text} END $$;
    CREATE OR REPLACE TRIGGER fail BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION fail()`
  const failures: [name: string, code: string, statement: string, undo: string][] = [
    [
      'an exception',
      'P0001',
      raise('imports', `RAISE EXCEPTION 'bad %', NEW.title USING DETAIL = NEW.source_path, HINT = NEW.title;`),
      'DROP TRIGGER fail ON imports',
    ],
    [
      'a conversion',
      '22P02',
      raise('imports', 'NEW.project_id := NEW.description::integer; RETURN NEW;'),
      'DROP TRIGGER fail ON imports',
    ],
    [
      'a check',
      '23514',
      `ALTER TABLE imports ADD CONSTRAINT short CHECK (length(title) < 5)`,
      'ALTER TABLE imports DROP CONSTRAINT short',
    ],
  ]
  for (const [name, code, statement, undo] of failures) {
    await sql(statement)
    log.length = 0
    for (const [method, path] of [
      ['POST', imports],
      ['PUT', one],
    ] as const) {
      const response = await call(method, path, { body })
      t.same(response.body, errorBody(500, 'INTERNAL', 'Internal Server Error'), `${name}: ${method}`)
    }
    await sql(undo)
    const errors = () => log.map((line) => JSON.parse(line)).filter(({ level }) => level === 50)
    await until(() => log.filter((line) => line.includes('"msg":"request"')).length === 2, 'both requests are logged')
    t.match(
      errors().map(({ err }) => [err.code, err.stack]),
      [
        [code, /\n {4}at .*repository/],
        [code, /\n {4}at .*repository/],
      ],
      name,
    )
    t.notMatch(log.join(''), SECRET, name)
  }
  await sql('ALTER TABLE user_files ADD CONSTRAINT short CHECK (length(text) < 5)')
  t.equal((await call('POST', resources('/user-files'), { body: file })).status, 500)
  await sql('ALTER TABLE user_files DROP CONSTRAINT short; DROP FUNCTION fail')
  t.notMatch(log.join(''), SECRET)
})
