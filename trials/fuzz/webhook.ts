import { createHmac } from 'node:crypto'
import { outcomeOf, parseBody } from './judge.js'
import type { Problem, Row, User } from './model.js'
import { forgetResource } from './stored.js'
import { installationId, isOwnInstallation } from './users.js'
import type { WireResponse } from './wire.js'

export const WEBHOOK_SECRET = 'fuzz-webhook-secret'

const SLUG = 'github-installations'

let time = Date.now()

/** Draws a webhook delivery for one of a user's installations. */
export function drawDelivery(user: User) {
  const { random, model } = user
  // A delivery changes the rows of all users who have recorded the installation, but only this user's model is updated.
  // So draw an installation that no other user can have recorded.
  const isOwn = ({ installation_id }: Row) => isOwnInstallation(user.index, Number(installation_id))
  const rows = [...(model.resources[SLUG]?.values() ?? [])].filter(isOwn)
  const action = random.weighted({ suspend: 40, unsuspend: 50, deleted: rows.length > 3 ? 10 : 0 })
  const row = rows.length > 0 ? random.pick(rows) : undefined
  const isSigned = random.chance(80)
  // Each delivery is newer than all previous ones, so that the service never ignores it as outdated.
  time = Math.max(time + 1000, Date.now())
  const at = new Date(time).toISOString()
  const suspended_at = action === 'suspend' ? at : null
  const payload = {
    action,
    installation: {
      id: Number(row?.['installation_id'] ?? installationId(user.index, 999)),
      updated_at: at,
      suspended_at,
    },
  }
  const body = JSON.stringify(payload)
  const secret = isSigned ? WEBHOOK_SECRET : `${WEBHOOK_SECRET}x`
  const digits = () => random.int(0, 0xffff).toString(16).padStart(4, '0')
  const id = `${digits()}${digits()}-${digits()}-4${digits().slice(1)}-8${digits().slice(1)}-${digits()}${digits()}${digits()}`
  const head = [
    ...[
      'POST /webhooks/github HTTP/1.1',
      'host: 127.0.0.1',
      'content-type: application/json',
      'x-github-event: installation',
    ],
    `x-github-delivery: ${id}`,
    `x-hub-signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
  return {
    bytes,
    apply: (response: WireResponse | undefined) => applyDelivery(user, response, { isSigned, action, row }),
  }
}

function applyDelivery(
  user: User,
  response: WireResponse | undefined,
  { isSigned, action, row }: { isSigned: boolean; action: string; row: Row | undefined },
): Problem[] {
  const seen = response ? outcomeOf(response, parseBody(response)) : 'no response'
  const expected = isSigned ? '200' : '401 UNAUTHORIZED'
  if (seen !== expected) return [{ rule: 'webhook', text: `${action}: ${seen}, expected ${expected}` }]
  if (!isSigned || row === undefined) return []
  // The delivery affects all rows with this installation id.
  const rows = [...(user.model.resources[SLUG]?.values() ?? [])]
  for (const { id, installation_id } of rows) {
    if (installation_id !== row['installation_id']) continue
    if (action === 'deleted') forgetResource(user, SLUG, id)
    else if (action === 'suspend') user.model.suspended.add(id)
    else user.model.suspended.delete(id)
  }
  return []
}
