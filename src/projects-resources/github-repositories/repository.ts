import type pg from 'pg'
import { CALLER, type Caller, type Claim, callerValues } from '../caller.js'

/** An installation that a project links, once, however often its user has recorded it. */
export interface LinkedInstallation {
  /** GitHub's own. */
  installation_id: number
  suspended: boolean
}

const LIST_LINKED_INSTALLATIONS = `
  WITH ${CALLER}
  SELECT caller.*, (
    SELECT coalesce(json_agg(linked ORDER BY installation_id), '[]')
    FROM (
      SELECT installation.installation_id, bool_or(installation.suspended_at IS NOT NULL) AS suspended
      FROM project_github_installations AS link
      JOIN github_installations AS installation
        ON installation.id = link.github_installation_id AND installation.neptun_user_id = link.neptun_user_id
      WHERE link.project_id = caller.project_id AND link.neptun_user_id = caller.session_user_id
      GROUP BY installation.installation_id
    ) AS linked
  ) AS installations
  FROM caller`

/** The GitHub installations that a project links, by GitHub's ids. */
export async function listLinkedInstallations(
  pool: pg.Pool,
  claim: Claim,
): Promise<{ caller: Caller | undefined; installations: LinkedInstallation[] }> {
  const { rows } = await pool.query<Caller & { installations: LinkedInstallation[] }>({
    name: 'list-linked-installations',
    text: LIST_LINKED_INSTALLATIONS,
    values: [...callerValues(claim)],
  })
  return { caller: rows[0], installations: rows[0]?.installations ?? [] }
}
