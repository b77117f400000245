import t from 'tap'
import { seedDemoData } from '../../../src/demo-data.js'
import { startApp } from '../../support/app.js'
import {
  createProjectImport,
  createProjectResource,
  listProjectFiles,
  listProjectImports,
  updateProjectImport,
} from './client.js'

const COOKIE = 'your-session-cookie'

t.test('functions that call the API with fetch compile against the generated types, and work', async (t) => {
  const { url } = await startApp(t, {}, { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') })

  const data = { source_type: 'github', source_path: 'username/repository', title: 'My GitHub Import' } as const
  const { import: created } = await createProjectImport(url, 1, 789, data, COOKIE)
  t.same([created.source_path, created.title, created.description], ['username/repository', 'My GitHub Import', null])
  const time: string = created.created_at
  t.equal(new Date(time).toISOString(), time)

  const { imports } = await listProjectImports(url, 1, 789, 'github', COOKIE)
  t.same(
    imports.map(({ id }) => id),
    [123, created.id],
  )
  t.equal((await listProjectImports(url, 1, 789, undefined, COOKIE)).imports.length, 2)

  // A client can change an import that it has read, and send all of it back.
  const changed = await updateProjectImport(url, 1, 789, created.id, { ...created, title: null }, COOKIE)
  t.same(changed.import, { ...created, title: null, updated_at: changed.import.updated_at })

  const file = await createProjectResource(url, 1, 789, 'user-files', { user_file_id: 123 }, COOKIE)
  t.same([file.id, file.extension], [123, 'py'])
  const talk = { name: 'Naming', description: null, model_publisher: 'mistralai', model_name: 'Mistral-7B' }
  const { model } = await createProjectResource(url, 1, 789, 'chat-conversations', talk, COOKIE)
  t.equal(model, 'mistralai/Mistral-7B')

  const denied = createProjectImport(url, 2, 790, data, COOKIE)
  await t.rejects(denied, { message: 'HTTP error! status: 403 USER_MISMATCH' })
})

t.test('imports and filtered files can be listed concurrently', async (t) => {
  const { url } = await startApp(t, {}, { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') })
  const [{ imports }, { files }, noFiles] = await Promise.all([
    listProjectImports(url, 1, 789, undefined, COOKIE),
    listProjectFiles(url, 1, 789, { context_file_category: 'container' }, COOKIE),
    listProjectFiles(url, 1, 789, { context_file_category: 'container', context_file_type: 'compose' }, COOKIE),
  ])
  t.same([imports.map(({ id }) => id), noFiles], [[123], { files: [] }])
  t.same(files, [
    {
      id: 123,
      title: 'Dockerfile',
      original_path: 'docker/Dockerfile',
      context_file_category: 'container',
      context_file_type: 'dockerfile',
      text: 'FROM node:20-slim\n',
      language: 'dockerfile',
      extension: 'Dockerfile',
      created_at: '2025-02-16T17:42:11.000Z',
      updated_at: '2025-02-16T17:42:11.000Z',
      neptun_user_id: 1,
      project_id: 789,
    },
  ])
})

/** Calls that must not compile. Never called. */
export function invalidCalls(host: string) {
  return [
    // @ts-expect-error unknown source type
    createProjectImport(host, 1, 789, { source_type: 'svn', source_path: 'trunk' }, COOKIE),
    // @ts-expect-error the path is missing
    createProjectImport(host, 1, 789, { source_type: 'git' }, COOKIE),
    // @ts-expect-error the id of another type
    createProjectResource(host, 1, 789, 'user-files', { chat_conversation_id: 123 }, COOKIE),
    // @ts-expect-error unknown resource type
    createProjectResource(host, 1, 789, 'wishes', { wish_id: 123 }, COOKIE),
  ]
}
