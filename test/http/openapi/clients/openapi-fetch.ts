import createClient from 'openapi-fetch'
import type { paths } from './generated/openapi-fetch.js'
import { body, CHANGE, LINK, type Session } from './steps.js'

const IMPORTS = '/api/users/{user_id}/projects/{project_id}/resources/imports'
const FILES = '/api/users/{user_id}/projects/{project_id}/resources/user-files'

/** A client with openapi-fetch and types that openapi-typescript generates. */
export async function run({ baseUrl, cookie }: Session) {
  const client = createClient<paths>({ baseUrl, headers: { cookie } })
  const path = { user_id: 1, project_id: 789 }
  const preview = await client.POST(`${IMPORTS}/preview`, { params: { path }, body })
  const created = await client.POST(IMPORTS, { params: { path }, body })
  if (!created.data) throw new Error(created.error.message)
  const id: number = created.data.import.id
  const one = { ...path, import_id: id }
  const listed = await client.GET(IMPORTS, { params: { path, query: { source_type: 'github', limit: 20 } } })
  const changed = await client.PUT(`${IMPORTS}/{import_id}`, {
    params: { path: one, header: { 'If-Match': created.response.headers.get('etag') ?? '' } },
    body: { ...created.data.import, ...CHANGE },
  })
  const linked = await client.POST(FILES, { params: { path }, body: LINK })
  const removed = await client.DELETE(`${IMPORTS}/{import_id}`, { params: { path: one } })
  const missing = await client.GET(`${IMPORTS}/{import_id}`, { params: { path: one } })
  return {
    preview: preview.data,
    created: created.data,
    listed: listed.data,
    changed: changed.data,
    linked: linked.data,
    removed: removed.response.status,
    missing: missing.error?.code,
  }
}
