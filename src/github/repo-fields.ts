import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { parseUrl } from '../parse-url.js'

/** A repository as this service returns it, with values from GitHub's response. */
export interface GithubRepo extends Required<Flags>, Counts {
  id: string
  name: string
  full_name: string
  private: boolean
  html_url: string
  description: string | null
  created_at: string
  updated_at: string
  pushed_at: string | null
  git_url: string
  ssh_url: string
  clone_url: string
  /** In kilobytes. */
  size: number
  language: string | null
  visibility: string
  default_branch: string
  github_account_id: string
  github_account_name: string
  installation_id: string
  /** SPDX id. */
  license: string | null
}

/** Properties that every version of GitHub sends for every repository. An entry without them is not a repository. */
const Essentials = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  name: Type.String({ minLength: 1 }),
  full_name: Type.String({ pattern: '^[^/]+/[^/]+$' }),
  private: Type.Boolean(),
  html_url: Type.String({ pattern: '^https?://' }),
  default_branch: Type.String(),
  owner: Type.Object({ id: Type.Integer({ minimum: 1 }), login: Type.String({ minLength: 1 }) }),
})
type Essentials = Static<typeof Essentials>

/** Defaults for properties that an older Enterprise Server omits, because it does not have the feature. */
const FLAGS = {
  fork: false,
  has_issues: false,
  has_projects: false,
  has_downloads: false,
  has_wiki: false,
  has_pages: false,
  has_discussions: false,
  archived: false,
  disabled: false,
  allow_forking: false,
  is_template: false,
  web_commit_signoff_required: false,
}
type Flags = typeof FLAGS

const COUNTS = { size: 0, stargazers_count: 0, watchers_count: 0, forks_count: 0, open_issues_count: 0 }
type Counts = typeof COUNTS

/**
 * Reads an entry of GitHub's list of repositories.
 *
 * @param raw the entry, not yet validated
 * @returns undefined if an essential property is missing or invalid
 * @see https://docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-app-installation
 */
export function readRepo(raw: unknown, installationId: number): GithubRepo | undefined {
  if (!Value.Check(Essentials, raw)) return undefined
  const { id, name, full_name, html_url, owner } = raw
  const rest: Record<string, unknown> = raw
  const pushed = timeOr(rest['pushed_at'], null)
  const created = timeOr(rest['created_at'], timeOr(rest['updated_at'], pushed ?? EPOCH))
  return {
    id: String(id),
    name,
    full_name,
    private: raw.private,
    html_url,
    description: stringOr(rest['description'], null),
    created_at: created,
    updated_at: timeOr(rest['updated_at'], created),
    pushed_at: pushed,
    ...urlsOf(raw, rest),
    ...fill(FLAGS, rest, isBoolean),
    ...fill(COUNTS, rest, isCount),
    language: stringOr(rest['language'], null),
    visibility: stringOr(rest['visibility'], raw.private ? 'private' : 'public'),
    default_branch: raw.default_branch,
    github_account_id: String(owner.id),
    github_account_name: owner.login,
    installation_id: String(installationId),
    license: stringOr((rest['license'] as { spdx_id?: unknown } | null | undefined)?.spdx_id, null),
  }
}

const EPOCH = '1970-01-01T00:00:00.000Z'

/** Reads the clone URLs, and derives missing ones from the URL of the repository's page. */
function urlsOf({ html_url, full_name }: Essentials, rest: Record<string, unknown>) {
  const { host, hostname, protocol } = parseUrl(html_url) ?? new URL('https://github.com')
  return {
    git_url: stringOr(rest['git_url'], `git://${host}/${full_name}.git`),
    ssh_url: stringOr(rest['ssh_url'], `git@${hostname}:${full_name}.git`),
    clone_url: stringOr(rest['clone_url'], `${protocol}//${host}/${full_name}.git`),
  }
}

/** Returns the valid properties of GitHub's response, and the defaults for all others. */
function fill<T extends object>(defaults: T, rest: Record<string, unknown>, isValid: (value: unknown) => boolean): T {
  const entries = Object.entries(defaults).map(([name, value]) => [name, isValid(rest[name]) ? rest[name] : value])
  return Object.fromEntries(entries) as T
}

const isBoolean = (value: unknown) => typeof value === 'boolean'
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0

const stringOr = <T>(value: unknown, otherwise: T): string | T => (typeof value === 'string' ? value : otherwise)

/** Converts a time to this service's format: GitHub's times have no milliseconds. */
function timeOr<T>(value: unknown, otherwise: T): string | T {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : undefined
  return time === undefined || Number.isNaN(time.getTime()) ? otherwise : time.toISOString()
}
