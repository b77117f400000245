import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { invalidRequest, type ValidationError } from '../../errors.js'
import { canonicalSourcePath } from '../../projects-resources/imports/source-path/index.js'
import type { RepoMoved, WebhookChange } from './change.js'
import { grantedRepos, installationAccount } from './details.js'
import * as payloads from './payloads.js'

/** Handled events and actions. All others, such as `installation.new_permissions_accepted`, are ignored. */
const readers = new Map<string, (payload: unknown) => WebhookChange | null>([
  ['installation.created', reader(payloads.CreatedInstallation, (payload) => selection(payload, payload.installation))],
  ['installation.deleted', reader(payloads.Installation, (payload) => ({ type: 'deleted', ...base(payload) }))],
  [
    'installation.suspend',
    reader(payloads.Suspension, (payload) => {
      const { suspended_at, updated_at } = payload.installation
      return {
        type: 'suspended',
        ...base(payload),
        suspendedAt: toDate(suspended_at),
        updatedAt: toDate(updated_at),
      }
    }),
  ],
  [
    'installation.unsuspend',
    reader(payloads.Suspension, (payload) => {
      return { type: 'unsuspended', ...base(payload), updatedAt: toDate(payload.installation.updated_at) }
    }),
  ],
  ['installation_repositories.added', reader(payloads.InstallationRepos, (payload) => selection(payload, payload))],
  ['installation_repositories.removed', reader(payloads.InstallationRepos, (payload) => selection(payload, payload))],
  // Renames of enterprises do not matter: an enterprise owns no repositories.
  ['installation_target.renamed', (payload) => (isOfEnterprise(payload) ? null : readRenamedTarget(payload))],
  [
    'organization.renamed',
    reader(payloads.RenamedOrganization, (payload) => accountRename(payload, 'organization', payload.organization)),
  ],
  ['repository.renamed', reader(payloads.RenamedRepo, readRenamedRepo)],
  ['repository.transferred', reader(payloads.TransferredRepo, readTransferredRepo)],
])

const events = new Set([...readers.keys()].map((key) => key.split('.')[0]))

/**
 * Parses and validates a delivery. The body of an event that is not handled is not parsed, because it can be large.
 *
 * @param event name of the event, from the header
 * @param body JSON text with a verified signature
 * @returns null if the event or action is not handled, or is the rename of an enterprise
 * @throws ApiError 400 if the payload is invalid
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
    // Keep the first error of a path: a missing property also causes an error about its type.
    if (!validationErrors.has(path)) validationErrors.set(path, { path, message })
  }
  throw invalidRequest(...validationErrors.values())
}

/** Reads the properties that all changes of an installation have. */
const base = (payload: Static<typeof payloads.Installation>) => ({
  installationId: payload.installation.id,
  account: installationAccount(payload),
})

function selection(
  payload: Static<typeof payloads.Installation>,
  { repository_selection }: { repository_selection: payloads.Selection },
) {
  const repositories = grantedRepos(payload)
  return {
    type: 'selection-changed' as const,
    ...base(payload),
    selection: repository_selection,
    repositories,
  }
}

function isOfEnterprise(payload: unknown): boolean {
  return Value.Check(Type.Object({ target_type: Type.Literal('Enterprise') }), payload)
}

const readRenamedTarget = reader(payloads.RenamedTarget, (payload) =>
  accountRename(payload, 'account', payload.account),
)

function accountRename(
  { installation, changes }: Static<typeof payloads.Installation> & { changes: payloads.LoginChange },
  property: string,
  { id, login, updated_at }: payloads.Account,
): WebhookChange {
  requireCanonical(`body.${property}.login`, `${login}/repo`)
  const knownAt = toDate(updated_at)
  const installationId = installation.id
  return { type: 'account-renamed', installationId, id: toId(id), login, formerLogin: changes.login.from, knownAt }
}

function readRenamedRepo(payload: Static<typeof payloads.RenamedRepo>): WebhookChange {
  const { owner, ...current } = readRepo(payload.repository)
  return repoMove(payload, { ...current, owner, formerOwner: owner, formerName: payload.changes.repository.name.from })
}

function readTransferredRepo(payload: Static<typeof payloads.TransferredRepo>): WebhookChange {
  const { user, organization } = payload.changes.owner.from
  const former = organization ?? user
  if (!former) throw invalidRequest({ path: 'body.changes.owner.from', message: 'must name a user or an organization' })
  const formerOwner = { id: toId(former.id), login: former.login }
  const formerName = payload.changes.repository?.name.from ?? null
  return repoMove(payload, { ...readRepo(payload.repository), formerOwner, formerName })
}

function readRepo({ id, full_name, owner, updated_at }: payloads.Repo) {
  const [login = '', name = ''] = requireCanonical('body.repository.full_name', full_name)
  return { id: toId(id), owner: { id: toId(owner?.id), login }, name, knownAt: toDate(updated_at) }
}

function repoMove({ installation }: Static<typeof payloads.Installation>, move: RepoMoved): WebhookChange {
  return { type: 'repository-moved', installationId: installation.id, ...move }
}

const toId = (value: number | undefined): string | null => (value === undefined ? null : String(value))

/** Validates a path from GitHub like a client's: it is stored in the same column and becomes part of URLs. */
function requireCanonical(path: string, fullName: string): string[] {
  const result = canonicalSourcePath('github', fullName)
  if ('problem' in result) throw invalidRequest({ path, message: result.problem })
  if (result.path !== fullName) throw invalidRequest({ path, message: 'must be owner/repo in canonical form' })
  return fullName.split('/')
}

function toDate(value: payloads.Time | undefined): Date | null {
  if (value === null || value === undefined) return null
  return new Date(typeof value === 'number' ? value * 1000 : value)
}
