import { type Static, type TProperties, Type } from '@sinclair/typebox'

// Schemas of payloads, with only the properties that are used: GitHub adds others without notice.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads

/** Defines an object. `must` completes the message of a validation error, "body.x must be ...". */
export const object = <T extends TProperties>(properties: T) => Type.Object(properties, { must: 'an object' })

const NAME = '^[A-Za-z0-9._-]{1,100}$'
const name = Type.String({ pattern: NAME, must: 'a name of letters, digits, dots, hyphens and underscores' })
const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, must: 'a positive integer' })
const selection = Type.Union([Type.Literal('all'), Type.Literal('selected')], { must: 'all or selected' })

const DAY = '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])'
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d'
/** ISO 8601, or seconds since 1970 in some events. */
const time = Type.Union(
  [
    Type.String({ pattern: `^${DAY}T${CLOCK}:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]${CLOCK})$` }),
    Type.Integer({ minimum: 0, maximum: 253_402_300_799 }),
    Type.Null(),
  ],
  { must: 'a time in ISO 8601, a number of seconds since 1970, or null' },
)

const installation = object({ id })

export const Installation = object({ installation })
export const CreatedInstallation = object({ installation: object({ id, repository_selection: selection }) })
export const Suspension = object({
  installation: object({ id, updated_at: Type.Optional(time), suspended_at: Type.Optional(time) }),
})
export const InstallationRepos = object({ installation, repository_selection: selection })
const account = object({ id: Type.Optional(id), login: name, updated_at: Type.Optional(time) })
const loginChange = object({ login: object({ from: name }) })
export const RenamedTarget = object({ installation, account, changes: loginChange })
export const RenamedOrganization = object({ installation, organization: account, changes: loginChange })
const repository = object({
  id: Type.Optional(id),
  full_name: Type.String({ must: 'owner/repo' }),
  owner: Type.Optional(object({ id: Type.Optional(id) })),
  updated_at: Type.Optional(time),
})
const nameChange = object({ name: object({ from: name }) })
export const RenamedRepo = object({ installation, repository, changes: object({ repository: nameChange }) })
const formerOwner = Type.Optional(
  Type.Union([object({ id: Type.Optional(id), login: name }), Type.Null()], { must: 'an account or null' }),
)
export const TransferredRepo = object({
  installation,
  repository,
  changes: object({
    owner: object({ from: object({ user: formerOwner, organization: formerOwner }) }),
    repository: Type.Optional(nameChange),
  }),
})

export type Account = Static<typeof account>
export type LoginChange = Static<typeof loginChange>
export type Repo = Static<typeof repository>
export type Selection = Static<typeof selection>
export type Time = Static<typeof time>
