import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { STORABLE_TEXT } from '../../schemas.js'
import { FULL_NAME } from '../names.js'
import type { GrantedRepo, InstallationAccount } from './change.js'

// Optional parts of a delivery. If they are missing or invalid, they are ignored, and the delivery is still processed.

const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const text = (maxLength: number) => Type.Optional(Type.String({ minLength: 1, maxLength, pattern: STORABLE_TEXT }))

const Account = Type.Object({
  installation: Type.Object({
    account: Type.Object({ id, login: text(255), type: text(64), avatar_url: text(2048) }),
  }),
})

const Granted = Type.Object({ id, full_name: Type.String({ pattern: `^${FULL_NAME}$` }) })

/** Reads the account of the installation. @returns null if the payload does not describe it */
export function installationAccount(payload: unknown): InstallationAccount | null {
  if (!Value.Check(Account, payload)) return null
  const { id, login = null, type = null, avatar_url: avatarUrl = null } = payload.installation.account
  return { id: String(id), login, type, avatarUrl }
}

/** Reads the repositories that an installation has been given access to. Omits invalid entries. */
export function grantedRepos(payload: object): GrantedRepo[] {
  const { repositories, repositories_added: added } = payload as Record<string, unknown>
  return [repositories, added]
    .flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
    .filter((entry) => Value.Check(Granted, entry))
    .map(({ id, full_name }) => ({ id: String(id), fullName: full_name }))
}
