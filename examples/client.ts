// A typed client. Its types are in docs/openapi/types.ts, which you can copy.
import createClient from 'openapi-fetch'
import type { paths } from '../docs/openapi/types.js'

const { RESOURCES_URL = 'http://127.0.0.1:3000', TOKEN = 'your-session-cookie' } = process.env

const client = createClient<paths>({ baseUrl: RESOURCES_URL, headers: { cookie: `neptun-session=${TOKEN}` } })
const params = { path: { user_id: 1, project_id: 789 } }

const created = await client.POST('/api/users/{user_id}/projects/{project_id}/resources/imports', {
  params,
  body: { source_type: 'gitlab', source_path: 'group/project' },
})
// On failure, created.error.code is the error code, such as 'PROJECT_FULL'.
if (!created.data) throw new Error(`${created.error.code}: ${created.error.message}`)

const listed = await client.GET('/api/users/{user_id}/projects/{project_id}/resources/imports', {
  params: { ...params, query: { source_type: 'gitlab' } },
})
const sources = listed.data?.imports.map(({ source_path }) => source_path)
process.stdout.write(
  `${created.response.status} ${created.data.import.source_path} ${sources?.includes('group/project')}\n`,
)
