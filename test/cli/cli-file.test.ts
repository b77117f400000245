import t from 'tap'
import { createProgram, runProgram } from '../../src/cli/command.js'
import { addFileCommands } from '../../src/cli/file.js'
import { resources, startApp } from '../support/app.js'

const FILE = {
  title: 'Dockerfile',
  original_path: 'docker/Dockerfile',
  context_file_category: 'container',
  context_file_type: 'dockerfile',
  text: 'FROM node:20-slim\n',
}

const { call, databaseUrl } = await startApp(t)

/** Runs the command line in this process. */
async function cli(...args: string[]) {
  const outcome = { code: 0, stdout: '', stderr: '' }
  // Test files that share this process can set DATABASE_URL, too: database-settings.test.ts does.
  process.env['DATABASE_URL'] = databaseUrl
  const program = createProgram().configureOutput({
    writeOut: (text) => (outcome.stdout += text),
    writeErr: (text) => (outcome.stderr += text),
  })
  addFileCommands(program)
  outcome.code = await runProgram(program, args)
  return outcome
}

const failure = (message: string) => ({ code: 1, stdout: '', stderr: `error: ${message}\n` })
const MINE = ['--user', '1', '--project', '789']

t.test('a file is created, listed and deleted, and the API returns the same file', async (t) => {
  t.strictSame(await cli('file', 'list', ...MINE), { code: 0, stdout: '', stderr: 'Project 789 has no files.\n' })
  const created = await cli('file', 'create', ...MINE, '--data', JSON.stringify({ ...FILE, id: 5, project_id: 790 }))
  const id = created.stdout.trim()
  t.strictSame(created, { code: 0, stdout: `${id}\n`, stderr: `Created file ${id} of project 789.\n` })
  const { body } = await call('GET', resources('/files'))
  const expected = { ...FILE, id: Number(id), language: null, extension: null, neptun_user_id: 1, project_id: 789 }
  t.strictSame(body.files, [{ ...body.files[0], ...expected }])
  const listed = await cli('files', 'list', ...MINE, '--json')
  t.strictSame(JSON.parse(listed.stdout), body.files)
  t.strictSame(Object.keys(JSON.parse(listed.stdout)[0]), Object.keys(body.files[0]))
  t.match((await cli('file', 'list', ...MINE)).stdout, /^ID +TITLE +CATEGORY +TYPE +PATH +CREATED\n\d+ +Dockerfile /)
  const remove = (...ref: string[]) => cli('file', 'delete', ...ref, '--id', id)
  t.strictSame(await remove('--user', '2', '--project', '790'), failure(`project 790 of user 2 has no file ${id}`))
  t.strictSame(await remove(...MINE), { code: 0, stdout: `Deleted file ${id} of project 789.\n`, stderr: '' })
  t.strictSame(await remove(...MINE), failure(`project 789 of user 1 has no file ${id}`))
})

t.test('the file commands report a missing project and validation errors', async (t) => {
  const create = (data: string, ...ref: string[]) => cli('file', 'create', ...ref, '--data', data)
  t.strictSame(
    await create(JSON.stringify(FILE), '--user', '1', '--project', '790'),
    failure('user 1 has no project 790'),
  )
  t.strictSame(await cli('file', 'list', '--user', '1', '--project', '790'), failure('user 1 has no project 790'))
  t.strictSame(await create(JSON.stringify({ ...FILE, title: '', text: 5 }), ...MINE), {
    code: 2,
    stdout: '',
    stderr: 'error: --data: title must have 1 to 255 characters; text must be a string\n',
  })
  t.match(await create('[]', ...MINE), { code: 2, stderr: /^error: --data must be a JSON object with title, / })
})
