import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { invalidRequest, type ValidationError } from '../../errors.js'
import { canonicalSourcePath } from '../../projects-resources/imports/source-path/index.js'
import type { RepositoryMoved, WebhookChange } from './change.js'
import { grantedRepositories, installationAccount } from './details.js'
import * as payloads from './payloads.js'

/** Every event and action that changes something here. All others, such as `new_permissions_accepted`, are ignored. */
const readers = new Map<string, (payload: unknown) => WebhookChange | null>([
  ['installation.created', reader(payloads.CreatedInstallation, (payload) => selected(payload, payload.installation))],
  ['installation.deleted', reader(payloads.Installation, (payload) => ({ type: 'deleted', ...of(payload) }))],
  [
    'installation.suspend',
    reader(payloads.Suspension, (payload) => {
      const { suspended_at, updated_at } = payload.installation
      return { type: 'suspended', ...of(payload), suspendedAt: toDate(suspended_at), updatedAt: toDate(updated_at) }
    }),
  ],
  [
    'installation.unsuspend',
    reader(payloads.Suspension, (payload) => {
      return { type: 'unsuspended', ...of(payload), updatedAt: toDate(payload.installation.updated_at) }
    }),
  ],
  [
    'installation_repositories.added',
    reader(payloads.InstallationRepositories, (payload) => selected(payload, payload)),
  ],
  [
    'installation_repositories.removed',
    reader(payloads.InstallationRepositories, (payload) => selected(payload, payload)),
  ],
  // An enterprise owns no repository.
  ['installation_target.renamed', (payload) => (isOfEnterprise(payload) ? null : readRenamedTarget(payload))],
  [
    'organization.renamed',
    reader(payloads.RenamedOrganization, (payload) => renamed(payload, 'organization', payload.organization)),
  ],
  ['repository.renamed', reader(payloads.RenamedRepository, readRenamedRepository)],
  ['repository.transferred', reader(payloads.TransferredRepository, readTransferredRepository)],
])

const events = new Set([...readers.keys()].map((key) => key.split('.')[0]))

/**
 * What a delivery means here.
 *
 * @param event the name in its header; of an unknown one the body, which can be large, is not even parsed
 * @param body JSON text whose signature has been verified
 * @returns null if it means nothing
 * @throws ApiError 400 with every problem of the payload
 */
export function readEvent(event: string, body: string): WebhookChange | null {
  if (!events.has(event)) return null
  const payload = parse(body)
  const { action } = check(payloads.object({ action: Type.String({ must: 'a string' }) }), payload)
  return readers.get(`${event}.${action}`)?.(payload) ?? null
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw invalidRequest({ path: 'body', message: 'must be valid JSON' })
  }
}

function reader<T extends TSchema>(schema: T, toChange: (payload: Static<T>) => WebhookChange) {
  return (payload: unknown) => toChange(check(schema, payload))
}

function check<T extends TSchema>(schema: T, payload: unknown): Static<T> {
  if (Value.Check(schema, payload)) return payload
  const validationErrors = new Map<string, ValidationError>()
  for (const error of Value.Errors(schema, payload)) {
    const path = `body${error.path.replaceAll('/', '.')}`
    const message = error.value === undefined ? 'is required' : `must be ${error.schema['must']}`
    // What is missing is also found to be of the wrong type.
    if (!validationErrors.has(path)) validationErrors.set(path, { path, message })
  }
  throw invalidRequest(...validationErrors.values())
}

const of = (payload: Static<typeof payloads.Installation>) => ({
  installationId: payload.installation.id,
  account: installationAccount(payload),
})

function selected(
  payload: Static<typeof payloads.Installation>,
  { repository_selection }: { repository_selection: payloads.Selection },
) {
  const repositories = grantedRepositories(payload)
  return { type: 'selection-changed' as const, ...of(payload), selection: repository_selection, repositories }
}

function isOfEnterprise(payload: unknown): boolean {
  return Value.Check(Type.Object({ target_type: Type.Literal('Enterprise') }), payload)
}

const readRenamedTarget = reader(payloads.RenamedTarget, (payload) => renamed(payload, 'account', payload.account))

function renamed(
  { installation, changes }: Static<typeof payloads.Installation> & { changes: payloads.LoginChange },
  property: string,
  { id, login, updated_at }: payloads.Account,
): WebhookChange {
  requireCanonical(`body.${property}.login`, `${login}/repo`)
  const knownAt = toDate(updated_at)
  const installationId = installation.id
  return { type: 'account-renamed', installationId, id: toId(id), login, formerLogin: changes.login.from, knownAt }
}

function readRenamedRepository(payload: Static<typeof payloads.RenamedRepository>): WebhookChange {
  const { owner, ...present } = readPresent(payload.repository)
  return moved(payload, { ...present, owner, formerOwner: owner, formerName: payload.changes.repository.name.from })
}

function readTransferredRepository(payload: Static<typeof payloads.TransferredRepository>): WebhookChange {
  const { user, organization } = payload.changes.owner.from
  const former = organization ?? user
  if (!former) throw invalidRequest({ path: 'body.changes.owner.from', message: 'must name a user or an organization' })
  const formerOwner = { id: toId(former.id), login: former.login }
  const formerName = payload.changes.repository?.name.from ?? null
  return moved(payload, { ...readPresent(payload.repository), formerOwner, formerName })
}

function readPresent({ id, full_name, owner, updated_at }: payloads.Repository) {
  const [login = '', name = ''] = requireCanonical('body.repository.full_name', full_name)
  return { id: toId(id), owner: { id: toId(owner?.id), login }, name, knownAt: toDate(updated_at) }
}

function moved({ installation }: Static<typeof payloads.Installation>, move: RepositoryMoved): WebhookChange {
  return { type: 'repository-moved', installationId: installation.id, ...move }
}

const toId = (value: number | undefined): string | null => (value === undefined ? null : String(value))

/** A path from GitHub is stored like a caller's: it becomes part of addresses, so the same rules hold for it. */
function requireCanonical(path: string, fullName: string): string[] {
  const result = canonicalSourcePath('github', fullName)
  if ('problem' in result) throw invalidRequest({ path, message: result.problem })
  if (result.path !== fullName) throw invalidRequest({ path, message: 'must be a plain name' })
  return fullName.split('/')
}

function toDate(value: payloads.Time | undefined): Date | null {
  if (value === null || value === undefined) return null
  return new Date(typeof value === 'number' ? value * 1000 : value)
}
