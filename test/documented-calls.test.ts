import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { seedDemoData } from '../src/demo-data.js'
import { RESOURCE_DESCRIPTORS } from '../src/projects-resources/resources/index.js'
import { startApp } from './support/app.js'
import { UNSET } from './support/imports.js'

/** cURL commands as users of the API might write them, with a placeholder for the host. */
const POST_IMPORT = `curl -X POST "https://HOST/api/users/1/projects/789/resources/imports" \\
  -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -H "Cookie: neptun-session=your-session-cookie" \\
  -d '{
    "source_type": "github",
    "source_path": "username/repository",
    "title": "My GitHub Import",
    "description": "Importing from GitHub repository"
  }'`

const LIST_IMPORTS = `curl -X GET "https://HOST/api/users/1/projects/789/resources/imports?source_type=github" \\
-H "Accept: application/json" \\
-H "Cookie: neptun-session=your-session-cookie"`

const PUT_IMPORT = `curl -X PUT "https://HOST/api/users/1/projects/789/resources/imports/123" \\
-H "Accept: application/json" \\
-H "Content-Type: application/json" \\
-H "Cookie: neptun-session=your-session-cookie" \\
-d '{
"title": "Updated GitHub Import",
"description": "Updated import from GitHub repository"
}'`

const postResource = (
  type: string,
  idField: string,
) => `curl -X POST "https://HOST/api/users/1/projects/789/resources/${type}" \\
-H "Accept: application/json" \\
-H "Content-Type: application/json" \\
-H "Cookie: neptun-session=your-session-cookie" \\
-d '{
"${idField}": 123
}'`

const hasCurl = spawnSync('curl', ['--version']).status === 0

/** Runs a command in a shell. If curl is not installed, sends the same request with fetch. */
async function run(line: string, host: string): Promise<{ status: number; body: unknown }> {
  const command = line.replace('https://HOST', host)
  if (hasCurl) {
    const { stdout } = await promisify(execFile)('sh', ['-c', `${command} -s -w '\n%{http_code}'`])
    const end = stdout.lastIndexOf('\n')
    return { status: Number(stdout.slice(end)), body: JSON.parse(stdout.slice(0, end)) }
  }
  const [, method = '', url = ''] = /^curl -X (\w+) "([^"]+)"/.exec(command) ?? []
  const headers = [...command.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name = '', value = '']) => [name, value])
  const [, body] = /-d '([^']*)'/.exec(command) ?? []
  const init = { method, headers: Object.fromEntries(headers), ...(body === undefined ? {} : { body }) }
  const response = await fetch(url, init)
  return { status: response.status, body: await response.json() }
}

t.test('cURL commands for imports and for links of every resource type work with the demonstration data', async (t) => {
  const { url } = await startApp(t, {}, { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') })

  const posted = await run(POST_IMPORT, url)
  t.equal(posted.status, 201)
  const { import: created } = posted.body as { import: { id: number; created_at: string } }
  t.same(created, {
    ...UNSET,
    id: 1001,
    source_type: 'github',
    source_path: 'username/repository',
    title: 'My GitHub Import',
    description: 'Importing from GitHub repository',
    created_at: created.created_at,
    updated_at: created.created_at,
    neptun_user_id: 1,
    project_id: 789,
  })

  const listed = await run(LIST_IMPORTS, url)
  t.equal(listed.status, 200)
  const existing = {
    ...UNSET,
    id: 123,
    source_type: 'github',
    source_path: 'username/repository',
    title: 'My GitHub Import',
    description: 'Importing from GitHub repository',
    created_at: '2025-02-16T17:42:11.000Z',
    updated_at: '2025-02-16T17:42:11.000Z',
    neptun_user_id: 1,
    project_id: 789,
  }
  t.same(listed.body, { imports: [existing, created] })

  const put = await run(PUT_IMPORT, url)
  t.equal(put.status, 200)
  const { import: changed } = put.body as { import: { updated_at: string } }
  t.same(changed, {
    ...existing,
    title: 'Updated GitHub Import',
    description: 'Updated import from GitHub repository',
    updated_at: changed.updated_at,
  })

  for (const { slug, idField, exampleResponse } of RESOURCE_DESCRIPTORS) {
    const linked = await run(postResource(slug, idField), url)
    t.equal(linked.status, 201, slug)
    const shown = JSON.parse(JSON.stringify(exampleResponse))
    t.same(linked.body, { ...shown, id: 123, neptun_user_id: 1 }, `${slug}: as in the OpenAPI document`)
  }
})

const readReadme = () => readFile(new URL('../README.md', import.meta.url), 'utf8')
const ADDRESS = 'http://127.0.0.1:3000'

t.test('the first call in the README returns the response that it shows', async (t) => {
  const { url } = await startApp(t, {}, { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') })
  const readme = await readReadme()
  const [, command = ''] = /```bash\n(curl -X POST [^`]*)```/.exec(readme) ?? []
  const [, shown = ''] = /```json\n([^`]*)```/.exec(readme) ?? []
  const { status, body } = await run(command.trim().replace(ADDRESS, url), url)
  t.equal(status, 201)
  const { created_at, updated_at } = (body as { import: Record<string, unknown> }).import
  t.same(body, { import: { ...JSON.parse(shown).import, created_at, updated_at } })
})

t.test('the examples in the README succeed', { skip: !hasCurl && 'curl is not installed here' }, async (t) => {
  const { url } = await startApp(t, {}, { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') })
  const [, block = ''] = /```bash\n(R=[^`]*)```/.exec(await readReadme()) ?? []
  const lines = block.trim().replace(ADDRESS, url).split('\n')
  const variables = lines.filter((line) => !line.startsWith('curl')).join('\n')
  const statuses: string[] = []
  for (const command of lines.filter((line) => line.startsWith('curl'))) {
    const script = `${variables}\n${command} -s -o /dev/null -w '%{http_code}'`
    statuses.push((await promisify(execFile)('sh', ['-c', script])).stdout)
  }
  t.same(statuses, ['200', '200', '201', '204'])
})
