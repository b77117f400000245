import { Api } from './generated/swagger-typescript-api.js'
import { body, CHANGE, LINK, type Session } from './steps.js'

/** A client that swagger-typescript-api generates. */
export async function run({ baseUrl, cookie }: Session) {
  const { api } = new Api({ baseUrl, baseApiParams: { headers: { cookie } } })
  const preview = await api.previewImport(1, 789, body)
  const created = await api.createImport(1, 789, body)
  const id: number = created.data.import.id
  const listed = await api.listImports(1, 789, { source_type: 'github', limit: 20 })
  const ifMatch = { headers: { cookie, 'if-match': created.headers.get('etag') ?? '' } }
  const changed = await api.updateImport(1, 789, id, { ...created.data.import, ...CHANGE }, ifMatch)
  const linked = await api.linkUserFile(1, 789, LINK)
  const removed = await api.deleteImport(1, 789, id)
  const missing: { error: { code: string } } = await api.getImport(1, 789, id).then(
    () => ({ error: { code: '' } }),
    (response) => response,
  )
  return {
    preview: preview.data,
    created: created.data,
    listed: listed.data,
    changed: changed.data,
    linked: linked.data,
    removed: removed.status,
    missing: missing.error.code,
  }
}
