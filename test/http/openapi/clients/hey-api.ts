import { createClient } from './generated/hey-api/client/index.js'
import * as sdk from './generated/hey-api/index.js'
import { body, CHANGE, LINK, type Session } from './steps.js'

/** A client that @hey-api/openapi-ts generates, and that validates requests and responses with zod. */
export async function run({ baseUrl, cookie }: Session) {
  const client = createClient({ baseUrl, headers: { cookie } })
  const common = { client, path: { user_id: 1, project_id: 789 } }
  const checked = { ...common, throwOnError: true } as const
  const preview = await sdk.previewImport({ ...checked, body })
  const created = await sdk.createImport({ ...checked, body })
  const id: number = created.data.import.id
  const path = { ...common.path, import_id: id }
  const listed = await sdk.listImports({ ...checked, query: { source_type: 'github', limit: 20 } })
  const changed = await sdk.updateImport({
    ...checked,
    path,
    headers: { 'If-Match': created.response.headers.get('etag') ?? '' },
    body: { ...created.data.import, ...CHANGE },
  })
  const linked = await sdk.linkUserFile({ ...checked, body: LINK })
  const removed = await sdk.deleteImport({ ...checked, path })
  const missing = await sdk.getImport({ ...common, path })
  return {
    preview: preview.data,
    created: created.data,
    listed: listed.data,
    changed: changed.data,
    linked: linked.data,
    removed: removed.response.status,
    missing: missing.error && 'code' in missing.error ? missing.error.code : undefined,
  }
}
