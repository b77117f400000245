import { execFile } from 'node:child_process'
import type { Command } from 'commander'
import t from 'tap'
import { createProgram, runProgram } from '../../src/cli/command.js'
import { addResourceCommands } from '../../src/cli/resource.js'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { resources, startApp } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'
import { distinct, hasProperties, RESOURCE_TYPES } from '../support/resources.js'

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

const CLI = [compiled('src/cli.ts')]
const SECRET = 'never-repeated'
const UNREACHABLE = 'postgres://someone@127.0.0.1:1/nothing'

/** Runs the command line in this process. */
async function cli(...args: string[]): Promise<Outcome> {
  const outcome = { code: 0, stdout: '', stderr: '' }
  const program = createProgram().configureOutput({
    writeOut: (text) => (outcome.stdout += text),
    writeErr: (text) => (outcome.stderr += text),
  })
  addResourceCommands(program)
  outcome.code = await runProgram(program, args)
  return outcome
}

/** Runs the command line in a child process with `input` on stdin. */
function pipe(input: string | Buffer, args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...CLI, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

const refusal = (message: string) => ({ code: 2, stdout: '', stderr: `error: ${message}\n` })
const failure = (message: string) => ({ code: 1, stdout: '', stderr: `error: ${message}\n` })

const { call, sql, databaseUrl } = await startApp(t)
t.beforeEach(() => {
  process.env['DATABASE_URL'] = databaseUrl
})

for (const type of RESOURCE_TYPES) {
  const { slug, noun, table, linkTable, idField, create, created, keys, naturalKey } = type
  const done = naturalKey ? 'Stored' : 'Created'
  const data = JSON.stringify(create)
  const second = JSON.stringify(distinct(type, 1))

  t.test(`${slug}: a resource is created, listed, linked over HTTP, and deleted with its links`, async (t) => {
    await sql(`DELETE FROM ${table}`)
    t.strictSame(await cli('resource', 'list', slug, '--user', '1'), {
      code: 0,
      stdout: '',
      stderr: `User 1 has no ${slug}.\n`,
    })

    const result = await cli('resource', 'create', slug, '--user', '1', '--data', data)
    const id = result.stdout.trim()
    t.match(id, /^[1-9]\d*$/)
    t.strictSame(result, { code: 0, stdout: `${id}\n`, stderr: `${done} ${noun} ${id} of user 1.\n` })
    t.strictSame(await sql(`SELECT FROM ${linkTable}`), [])

    const listed = await cli('resource', 'list', slug, '--user', '1', '--json')
    const [row] = JSON.parse(listed.stdout)
    t.strictSame(Object.keys(row), keys)
    hasProperties(t, row, { ...created, id: Number(id), neptun_user_id: 1 })
    const linked = await call('POST', resources(`/${slug}`), { body: { [idField]: row.id } })
    t.strictSame([linked.status, linked.body], [201, row], 'the API returns the same object as the command line')

    const other = await cli('resource', 'create', slug, '--user', '1', '--json', '--data', second)
    t.strictSame(Object.keys(JSON.parse(other.stdout)), keys)
    const lines = (await cli('resource', 'list', slug, '--user', '1')).stdout.split('\n')
    t.match(lines[0], /^ID {2}.* {2}CREATED$/)
    t.match(lines[1], new RegExp(`^${id} .*  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\dZ$`))
    t.match(lines[2], new RegExp(`^${JSON.parse(other.stdout).id} `), 'oldest first')

    const remove = (user: string) => cli('resource', 'delete', slug, '--user', user, '--id', id)
    t.strictSame(await remove('2'), failure(`user 2 has no ${noun} ${id}`))
    t.strictSame((await call('GET', resources(`/${slug}`))).body, [row])
    t.strictSame(await remove('1'), { code: 0, stdout: `Deleted ${noun} ${id} of user 1.\n`, stderr: '' })
    t.strictSame((await call('GET', resources(`/${slug}`))).body, [])
    t.strictSame(await remove('1'), failure(`user 1 has no ${noun} ${id}`))
    t.strictSame(await sql(`SELECT id FROM ${table}`), [{ id: JSON.parse(other.stdout).id }])
  })

  t.test(`${slug}: a resource is created and linked to a project of the user atomically`, async (t) => {
    await sql(`DELETE FROM ${table}`)
    const add = (...args: string[]) => cli('resource', 'create', slug, '--data', data, ...args)
    const addSecond = (...args: string[]) => cli('resource', 'create', slug, '--data', second, ...args)

    t.strictSame(await add('--user', '1', '--project', '790'), failure('user 1 has no project 790'))
    t.strictSame(await add('--user', '1', '--project', '77'), failure('user 1 has no project 77'))
    t.strictSame(await add('--user', '77', '--project', '789'), failure('user 77 has no project 789'))
    t.strictSame(await add('--user', '77'), failure('user 77 does not exist'))
    t.strictSame(await cli('resource', 'list', slug, '--user', '77'), failure('user 77 does not exist'))
    t.strictSame(await sql(`SELECT FROM ${table}`), [])

    const result = await add('--user', '1', '--project', '789')
    const id = result.stdout.trim()
    t.strictSame(result, {
      code: 0,
      stdout: `${id}\n`,
      stderr: `${done} ${noun} ${id} of user 1 and linked it to project 789.\n`,
    })
    const json = await addSecond('--user', '1', '--project', '789', '--json')
    const [newest, oldest] = (await call('GET', resources(`/${slug}`))).body
    t.strictSame(newest, JSON.parse(json.stdout))
    hasProperties(t, oldest, { ...created, id: Number(id) })
  })
}

t.test('recording an installation again updates it, and links it if it is not linked yet', async (t) => {
  await sql('DELETE FROM github_installations')
  const claim = { installation_id: 4711, account_name: 'acme', repository_selection: 'selected' }
  const record = (values: object, ...args: string[]) =>
    cli('resource', 'create', 'github-installations', '--user', '1', '--data', JSON.stringify(values), ...args)
  const { stdout } = await record(claim)
  const renamed = { ...claim, installation_id: '4711', account_name: 'acme-inc', repository_selection: 'all' }
  for (let time = 0; time < 2; time += 1) {
    t.strictSame((await record(renamed, '--project', '789')).stdout, stdout, 'the same id is printed')
  }
  t.match((await call('GET', resources('/github-installations'))).body, [
    { ...renamed, github_account_name: 'acme-inc' },
  ])
  t.equal((await sql('SELECT FROM github_installations')).length, 1)
})

/** Values to try in each field. No value is valid for every field; some, such as [], are valid for none. */
const VALUES = [1, 0, 1.5, 2_147_483_648, true, null, [], '', '1', 'all', 'a b', 'ä\n', 'a\0b', 'a\ud83d', '\ude00a']

for (const { slug, create, example } of RESOURCE_DESCRIPTORS) {
  t.test(`${slug}: --data has the same validation as a request body`, async (t) => {
    // A command with valid data fails only when it connects to the database: exit code 1.
    process.env['DATABASE_URL'] = UNREACHABLE
    const bodies = Object.entries(create.properties).flatMap(([name, { maxLength }]) => {
      const { [name]: _, ...rest } = example
      const lengths = maxLength > 10_000 ? [] : [maxLength, maxLength + 1]
      const values = [...VALUES, ...lengths.flatMap((length) => ['a'.repeat(length), '🎉'.repeat(length)])]
      return [rest, ...values.map((value) => ({ ...example, [name]: value }))]
    })
    let acceptedCount = 0
    for (const body of [{ ...example, unknown: 1, id: 5, neptun_user_id: 2 }, ...bodies]) {
      const data = JSON.stringify(body)
      const response = await call('POST', resources(`/${slug}`), { body })
      const { code, stderr } = await cli('resource', 'create', slug, '--user', '1', '--data', data)
      const name = data.length < 200 ? data : `${data.slice(0, 100)}... of ${data.length} characters`
      const fields = (response.body.errors ?? []).map(({ path }: { path: string }) => path.replace('body.', ''))
      t.strictSame(fieldsOf(stderr), [...new Set(fields)].sort(), name)
      t.equal(code, response.status === 400 ? 2 : 1, name)
      if (response.status === 201) acceptedCount += 1
    }
    t.ok(acceptedCount > 1 && acceptedCount < bodies.length)
  })
}

/** Extracts the distinct fields from an error message. */
function fieldsOf(stderr: string): string[] {
  const [, validationErrors = ''] = /^error: --data: (.*)\n$/.exec(stderr) ?? []
  return [...new Set(validationErrors.split('; ').map((problem) => problem.split(' ')[0] ?? ''))].filter(Boolean).sort()
}

t.test('validation errors are on one line, contain no values, and need no database', async (t) => {
  process.env['DATABASE_URL'] = UNREACHABLE
  const create = (slug: string, data: string) => cli('resource', 'create', slug, '--user', '1', '--data', data)
  const object = refusal('--data must be a JSON object with title, text, language, extension')
  for (const text of ['', SECRET, `{"title": "${SECRET}"`, `"${SECRET}"`, 'null', '[]', '5']) {
    t.strictSame(await create('user-files', text), object, text)
  }
  const file = { title: '', text: 5, extension: `${SECRET} ${'x'.repeat(32)}` }
  t.strictSame(
    await create('user-files', JSON.stringify(file)),
    refusal(
      '--data: language is required; title must have 1 to 255 characters; text must be a string; ' +
        'extension must have 1 to 32 characters; extension must match ^[A-Za-z0-9.+_-]*$',
    ),
  )
  const long = JSON.stringify({ title: 'a', text: 'é'.repeat(524_289), language: 'a', extension: 'a' })
  t.strictSame(await create('user-files', long), refusal('--data: text must have at most 1048576 bytes in UTF-8'))
  t.strictSame(
    await create('template-collections', JSON.stringify({ name: `${SECRET}\0`, description: 5 })),
    refusal('--data: name must not contain U+0000 or unpaired surrogates; description must be a string or null'),
  )
  t.strictSame(
    await create(
      'github-installations',
      JSON.stringify({ installation_id: 0, account_name: 'a', repository_selection: 1 }),
    ),
    refusal(
      '--data: installation_id must be an integer from 1 to 2147483647, as a number or a string; repository_selection must be one of all, selected',
    ),
  )
  const json = await cli('resource', 'create', 'user-files', '--user', '1', '--json', '--data', SECRET)
  t.match(JSON.parse(json.stdout), { error: { code: 'USAGE', message: /^--data must be a JSON object/ } })

  const id = 'must be an integer from 1 to 2147483647'
  const lines: [line: string, message: string][] = [
    ['create user-fils', "unknown command 'user-fils' (Did you mean user-files?)"],
    ['create imports --user 1', "unknown command 'imports'"],
    ['create user-files --data {}', "required option '--user <id>' not specified"],
    ['create user-files --user 1', "required option '--data <json>' not specified"],
    ['create user-files --user 1 --project 0 --data {}', `--project ${id}`],
    ['list user-files', "required option '--user <id>' not specified"],
    ['list user-files --user x', `--user ${id}`],
    ['delete user-files --user 1', "required option '--id <id>' not specified"],
    ['delete user-files --id 1', "required option '--user <id>' not specified"],
    ['delete user-files --user 1 --id 01', `--id ${id}`],
  ]
  for (const [line, message] of lines) t.strictSame(await cli('resource', ...line.split(' ')), refusal(message), line)
})

t.test('with "--data -", the data is read from stdin', async (t) => {
  await sql('DELETE FROM user_files')
  const text = `${'"\\\n🎉'.repeat(100_000)}`
  const data = JSON.stringify({ title: 'Ü', text, language: 'plain', extension: 'txt' })
  const args = ['resource', 'create', 'user-files', '--user', '1', '--data', '-']
  const [result, latin] = await Promise.all([
    pipe(data, args),
    pipe(Buffer.from(data.replace('Ü', '\u00dc'), 'latin1'), args),
  ])
  t.match(result, { code: 0, stdout: /^\d+\n$/, stderr: /^Created user file \d+ of user 1\.\n$/ })
  t.strictSame(latin, refusal('--data must be a JSON object with title, text, language, extension'))
  const rows = await sql('SELECT title, text = $1 AS is_same FROM user_files', [text])
  t.strictSame(rows, [{ title: 'Ü', is_same: true }])
})

t.test('the resource commands report database errors like the other commands', async (t) => {
  process.env['DATABASE_URL'] = UNREACHABLE
  const list = () => cli('resource', 'list', 'user-files', '--user', '1')
  t.strictSame(await list(), failure('the database at 127.0.0.1:1 (DATABASE_URL) is unavailable: ECONNREFUSED'))
  process.env['DATABASE_URL'] = await createDatabase(t, { migrated: false })
  t.strictSame(await list(), failure('the database has pending migrations: run "neptun-resources migrate" first'))
})

t.test('every resource type has commands with --json and an example in their help', async (t) => {
  const program = createProgram().configureOutput({ writeOut: () => {} })
  addResourceCommands(program)
  t.equal(await runProgram(program, ['resource', '--help']), 0)
  const [resource] = program.commands
  const verbs = resource?.commands.filter(({ commands }) => commands.length > 0) ?? []
  t.strictSame(
    verbs.map((verb) => verb.name()),
    ['create', 'list', 'delete'],
  )
  for (const verb of verbs) {
    const slugs = verb.commands.map((command: Command) => command.name())
    t.strictSame(
      slugs,
      RESOURCE_DESCRIPTORS.map(({ slug }) => slug),
    )
    for (const slug of slugs) {
      const { code, stdout } = await cli('resource', verb.name(), slug, '--help')
      t.equal(code, 0)
      t.match(stdout, `Usage: neptun-resources resource ${verb.name()} ${slug} [options]`)
      t.match(stdout, `Examples:\n  neptun-resources resource ${verb.name()} ${slug} --user 1`)
      t.match(stdout, '--json ')
    }
  }
  t.match((await cli('help', 'resource')).stdout, /\n {2}create .*\n[\s\S]*\n {2}delete /)
})
