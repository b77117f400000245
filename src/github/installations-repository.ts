import type pg from 'pg'

/** The GitHub account of a user, as whoever signs users in recorded it. */
export interface GithubAccount {
  /** GitHub's id, as text. */
  id: string | null
  name: string | null
}

const LIST_INSTALLATION_IDS = `
  SELECT DISTINCT installation_id
  FROM github_installations
  WHERE neptun_user_id = $1 AND suspended_at IS NULL`

const FIND_GITHUB_ACCOUNT = `
  SELECT github_account_id AS id, github_account_name AS name
  FROM users
  WHERE id = $1`

/** GitHub's ids of the installations that a user has recorded and that are not suspended. */
export async function listInstallationIds(pool: pg.Pool, userId: number): Promise<Set<number>> {
  const { rows } = await pool.query<{ installation_id: number }>({
    name: 'list-installation-ids',
    text: LIST_INSTALLATION_IDS,
    values: [userId],
  })
  return new Set(rows.map(({ installation_id }) => installation_id))
}

/** A user's own account at GitHub; undefined if there is no such user. */
export async function findGithubAccount(pool: pg.Pool, userId: number): Promise<GithubAccount | undefined> {
  const { rows } = await pool.query<GithubAccount>({
    name: 'find-github-account',
    text: FIND_GITHUB_ACCOUNT,
    values: [userId],
  })
  return rows[0]
}
