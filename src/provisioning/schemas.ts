import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { EMAIL, GITHUB_ACCOUNT_ID, GITHUB_ACCOUNT_NAME } from '../identity-rules.js'
import { Count, Id, Instant, Nullable, NullableText, pageQuery, Text, Time } from '../schemas.js'

/** Maximum `ttl` of a session, in seconds: 366 days. Does not limit `expires_at`. */
const MAX_TTL = 366 * 24 * 60 * 60

/** Maximum number of operations in a sync. */
const MAX_OPERATIONS = 1000

export const UserParams = Type.Object({ user_id: Id({ description: 'Assigned by the client.', examples: [1] }) })

export const UserBody = Type.Object(
  {
    email: Type.String({
      minLength: 3,
      maxLength: 320,
      pattern: EMAIL,
      wellFormed: true,
      description: 'Unique among all users.',
    }),
    github_account_id: Type.Optional(
      Nullable(
        Type.String({
          maxLength: 19,
          pattern: GITHUB_ACCOUNT_ID,
          description: "The numeric id of the user's GitHub account, as a string.",
        }),
      ),
    ),
    github_account_name: Type.Optional(
      Nullable(
        Type.String({
          maxLength: 39,
          pattern: GITHUB_ACCOUNT_NAME,
          description:
            "The name of the user's GitHub account. Required with `github_account_id`, and only allowed with it.",
        }),
      ),
    ),
  },
  { title: 'UserValues', examples: [{ email: 'someone@example.com' }] },
)
export type UserBody = Static<typeof UserBody>

const times = { created_at: Time(), updated_at: Time() }

export const User = Type.Object(
  {
    id: Id(),
    email: Type.String({ maxLength: 320 }),
    github_account_id: NullableText(0, 64),
    github_account_name: NullableText(0, 255),
    ...times,
  },
  { title: 'User' },
)
export type User = Static<typeof User>

export const ProjectBody = Type.Object(
  { name: Text(1, 255) },
  { title: 'ProjectValues', examples: [{ name: 'My project' }] },
)
export type ProjectBody = Static<typeof ProjectBody>

export const Project = Type.Object(
  { id: Id(), name: Type.String({ maxLength: 255 }), ...times, neptun_user_id: Id() },
  { title: 'Project' },
)
export type Project = Static<typeof Project>

export const SessionBody = Type.Object(
  {
    ttl: Type.Optional(
      Type.Integer({ format: 'int32', minimum: 1, maximum: MAX_TTL, description: 'Lifetime in seconds.' }),
    ),
    expires_at: Type.Optional(Instant({ description: 'Time of expiry, instead of `ttl`.' })),
    token_hash: Type.Optional(
      Type.String({
        minLength: 64,
        maxLength: 64,
        pattern: '^[0-9A-Fa-f]{64}$',
        description:
          'SHA-256 of a token that the client has created, in hexadecimal. If absent, a token is generated and ' +
          'returned.',
      }),
    ),
  },
  { title: 'SessionValues', examples: [{ ttl: 604_800 }] },
)
export type SessionBody = Static<typeof SessionBody>

/** A time, or `infinity`. */
const Expiry = Type.Unsafe<Date | 'infinity'>({ type: 'string', maxLength: 28, description: 'A time, or `infinity`.' })

const session = {
  id: Id(),
  neptun_user_id: Id(),
  created_at: Time(),
  last_used_at: Time(),
  expires_at: Expiry,
  revoked_at: Type.Unsafe<Date | null>({ type: ['string', 'null'], maxLength: 24 }),
}

export const Session = Type.Object(session, { title: 'Session' })
export type Session = Static<typeof Session>

export const NewSession = Type.Object(
  {
    ...session,
    token: Type.Optional(
      Type.String({
        maxLength: 43,
        description: 'Value of the cookie. Returned only once, and absent if the request has a `token_hash`.',
      }),
    ),
  },
  { title: 'NewSession' },
)

export const Sessions = Type.Object({ sessions: Type.Array(Session, { maxItems: 100 }) }, { title: 'Sessions' })

export const SessionsQuery = Type.Object(pageQuery('2147483647', 'The default is 100.'))

export const Revoked = Type.Object(
  { revoked: Count({ description: 'Number of sessions that this request revoked.' }) },
  { title: 'Revoked' },
)

export const SyncBody = Type.Object(
  {
    operations: Type.Array(
      Type.Object({
        method: Type.Unsafe<string>({ type: 'string', enum: ['PUT', 'POST', 'DELETE'] }),
        path: Type.String({
          maxLength: 255,
          description: 'Path below `/users/{user_id}/`, such as `projects/789`. Empty for the user itself.',
        }),
        body: Type.Optional(Type.Unsafe<unknown>({ description: 'Body of the operation.' } as TSchema)),
      }),
      { minItems: 1, maxItems: MAX_OPERATIONS },
    ),
  },
  {
    title: 'Sync',
    examples: [
      {
        operations: [
          { method: 'PUT', path: '', body: { email: 'someone@example.com' } },
          { method: 'PUT', path: 'projects/789', body: { name: 'My project' } },
          { method: 'DELETE', path: 'user-files/123' },
        ],
      },
    ],
  },
)
export type SyncBody = Static<typeof SyncBody>

export const SyncResults = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        status: Type.Integer({ format: 'int32', minimum: 200, maximum: 201 }),
        body: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
      }),
      { maxItems: MAX_OPERATIONS, description: 'Status and body of each operation, in order.' },
    ),
  },
  { title: 'SyncResults' },
)
