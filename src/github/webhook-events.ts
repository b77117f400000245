import { type Static, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type Fault, invalidRequest } from '../errors.js'
import { canonicalSourcePath } from '../projects-resources/imports/source-path/index.js'
import type { WebhookChange } from './webhook-repository.js'

// Of each payload only what is used here; GitHub adds properties without notice.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads

/** `must` completes the sentence "body.x must be ..."; it is what a person sees when the payload is wrong. */
const object = <T extends TProperties>(properties: T) => Type.Object(properties, { must: 'an object' })

const NAME = '^[A-Za-z0-9._-]{1,100}$'
const name = Type.String({ pattern: NAME, must: 'a name of letters, digits, dots, hyphens and underscores' })
const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, must: 'a positive integer' })
const selection = Type.Union([Type.Literal('all'), Type.Literal('selected')], { must: 'all or selected' })

const DAY = '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])'
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d'
/** ISO 8601; in some events, seconds since 1970. */
const time = Type.Union(
  [
    Type.String({ pattern: `^${DAY}T${CLOCK}:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]${CLOCK})$` }),
    Type.Integer({ minimum: 0, maximum: 253_402_300_799 }),
    Type.Null(),
  ],
  { must: 'a time in ISO 8601 or null' },
)

const installation = object({ id })

const Installation = object({ installation })
const CreatedInstallation = object({ installation: object({ id, repository_selection: selection }) })
const Suspension = object({
  installation: object({ id, updated_at: Type.Optional(time), suspended_at: Type.Optional(time) }),
})
const InstallationRepositories = object({ installation, repository_selection: selection })
const RenamedTarget = object({
  installation,
  account: object({ login: name }),
  changes: object({ login: object({ from: name }) }),
})
const repository = object({ full_name: Type.String({ must: 'owner/repo' }) })
const RenamedRepository = object({
  installation,
  repository,
  changes: object({ repository: object({ name: object({ from: name }) }) }),
})
const formerOwner = Type.Optional(Type.Union([object({ login: name }), Type.Null()], { must: 'an account or null' }))
const TransferredRepository = object({
  installation,
  repository,
  changes: object({ owner: object({ from: object({ user: formerOwner, organization: formerOwner }) }) }),
})

/** Every event and action that changes something here. All others, such as `new_permissions_accepted`, are ignored. */
const readers = new Map<string, (payload: unknown) => WebhookChange | null>([
  ['installation.created', reader(CreatedInstallation, (payload) => selected(payload, payload.installation))],
  ['installation.deleted', reader(Installation, (payload) => ({ type: 'deleted', ...of(payload) }))],
  [
    'installation.suspend',
    reader(Suspension, (payload) => {
      const { suspended_at, updated_at } = payload.installation
      return { type: 'suspended', ...of(payload), suspendedAt: toDate(suspended_at), updatedAt: toDate(updated_at) }
    }),
  ],
  [
    'installation.unsuspend',
    reader(Suspension, (payload) => {
      return { type: 'unsuspended', ...of(payload), updatedAt: toDate(payload.installation.updated_at) }
    }),
  ],
  ['installation_repositories.added', reader(InstallationRepositories, (payload) => selected(payload, payload))],
  ['installation_repositories.removed', reader(InstallationRepositories, (payload) => selected(payload, payload))],
  // An enterprise owns no repository.
  ['installation_target.renamed', (payload) => (isOfEnterprise(payload) ? null : readRenamedTarget(payload))],
  ['repository.renamed', reader(RenamedRepository, readRenamedRepository)],
  ['repository.transferred', reader(TransferredRepository, readTransferredRepository)],
])

const events = new Set([...readers.keys()].map((key) => key.split('.')[0]))

/**
 * What a delivery means here.
 *
 * @param event the name in its header; of an unknown one the body, which can be large, is not even parsed
 * @param body JSON text whose signature has been verified
 * @returns null if it means nothing
 * @throws ApiError 400 with every fault of the payload
 */
export function readEvent(event: string, body: string): WebhookChange | null {
  if (!events.has(event)) return null
  const payload = parse(body)
  const { action } = check(object({ action: Type.String({ must: 'a string' }) }), payload)
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
  const faults = new Map<string, Fault>()
  for (const error of Value.Errors(schema, payload)) {
    const path = `body${error.path.replaceAll('/', '.')}`
    const message = error.value === undefined ? 'is required' : `must be ${error.schema['must']}`
    // What is missing is also found to be of the wrong type.
    if (!faults.has(path)) faults.set(path, { path, message })
  }
  throw invalidRequest(...faults.values())
}

const of = ({ installation }: Static<typeof Installation>) => ({ installationId: installation.id })

function selected(payload: Static<typeof Installation>, { repository_selection }: { repository_selection: Selection }) {
  return { type: 'selection-changed' as const, ...of(payload), selection: repository_selection }
}
type Selection = Static<typeof selection>

function isOfEnterprise(payload: unknown): boolean {
  return Value.Check(Type.Object({ target_type: Type.Literal('Enterprise') }), payload)
}

const readRenamedTarget = reader(RenamedTarget, (payload) => {
  const { login } = payload.account
  requireCanonical('body.account.login', `${login}/repo`)
  return { type: 'account-renamed', ...of(payload), from: payload.changes.login.from, to: login }
})

function readRenamedRepository(payload: Static<typeof RenamedRepository>): WebhookChange {
  const { full_name } = payload.repository
  const [owner] = requireCanonical('body.repository.full_name', full_name)
  return moved(payload, `${owner}/${payload.changes.repository.name.from}`)
}

function readTransferredRepository(payload: Static<typeof TransferredRepository>): WebhookChange {
  const { user, organization } = payload.changes.owner.from
  const former = organization ?? user
  if (!former) throw invalidRequest({ path: 'body.changes.owner.from', message: 'must name a user or an organization' })
  const [, repo] = requireCanonical('body.repository.full_name', payload.repository.full_name)
  return moved(payload, `${former.login}/${repo}`)
}

function moved(payload: Static<typeof Installation> & { repository: Static<typeof repository> }, from: string) {
  return { type: 'repository-moved' as const, ...of(payload), from, to: payload.repository.full_name }
}

/** A path from GitHub is stored like a caller's: it becomes part of addresses, so the same rules hold for it. */
function requireCanonical(path: string, fullName: string): string[] {
  const result = canonicalSourcePath('github', fullName)
  if ('fault' in result) throw invalidRequest({ path, message: result.fault })
  if (result.path !== fullName) throw invalidRequest({ path, message: 'must be a plain name' })
  return fullName.split('/')
}

function toDate(value: Static<typeof time> | undefined): Date | null {
  if (value === null || value === undefined) return null
  return new Date(typeof value === 'number' ? value * 1000 : value)
}
