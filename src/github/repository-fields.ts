import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** A repository, with the names that this service uses. What GitHub does not say is null. */
export interface GithubRepository {
  id: number
  name: string
  full_name: string
  private: boolean
  html_url: string
  description: string | null
  fork: boolean
  archived: boolean
  is_template: boolean | null
  language: string | null
  /** SPDX id. */
  license: string | null
  /** In kilobytes. */
  size: number
  default_branch: string
  visibility: string | null
  created_at: string | null
  updated_at: string | null
  pushed_at: string | null
  github_account_id: string
  github_account_name: string
  installation_id: number
}

/** What GitHub says of every repository. One of which it does not is none. */
const Essentials = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  name: Type.String({ minLength: 1 }),
  full_name: Type.String({ pattern: '^[^/]+/[^/]+$' }),
  private: Type.Boolean(),
  html_url: Type.String({ pattern: '^https?://' }),
  fork: Type.Boolean(),
  archived: Type.Boolean(),
  size: Type.Integer({ minimum: 0 }),
  default_branch: Type.String(),
  owner: Type.Object({ id: Type.Integer({ minimum: 1 }), login: Type.String({ minLength: 1 }) }),
})

/**
 * Reads one entry of GitHub's list of repositories, field by field.
 *
 * @param raw whatever GitHub sent
 * @returns undefined if it is not a repository: something that all of them have is missing, or of another type
 * @see https://docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-app-installation
 */
export function readRepository(raw: unknown, installationId: number): GithubRepository | undefined {
  if (!Value.Check(Essentials, raw)) return undefined
  const { id, name, full_name, html_url, fork, archived, size, default_branch, owner } = raw
  const rest: Record<string, unknown> = raw
  return {
    id,
    name,
    full_name,
    private: raw.private,
    html_url,
    description: stringOrNull(rest['description']),
    fork,
    archived,
    is_template: typeof rest['is_template'] === 'boolean' ? rest['is_template'] : null,
    language: stringOrNull(rest['language']),
    license: stringOrNull((rest['license'] as { spdx_id?: unknown } | null | undefined)?.spdx_id),
    size,
    default_branch,
    visibility: stringOrNull(rest['visibility']),
    created_at: timeOrNull(rest['created_at']),
    updated_at: timeOrNull(rest['updated_at']),
    pushed_at: timeOrNull(rest['pushed_at']),
    github_account_id: String(owner.id),
    github_account_name: owner.login,
    installation_id: installationId,
  }
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** GitHub's times have no milliseconds; ours have. */
function timeOrNull(value: unknown): string | null {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : undefined
  return time === undefined || Number.isNaN(time.getTime()) ? null : time.toISOString()
}
