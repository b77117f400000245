import { isoTime } from '../../database/sql.js'

/** An import as the JSON text that goes over the wire. PostgreSQL builds it and nothing parses it on the way. */
export const importJson = (row: string) => `(
    SELECT row_to_json(shown)::text
    FROM (
      SELECT
        ${row}.id, ${row}.source_type, ${row}.source_path, ${row}.title, ${row}.description,
        ${isoTime(`${row}.created_at`)} AS created_at,
        ${isoTime(`${row}.updated_at`)} AS updated_at,
        ${row}.neptun_user_id, ${row}.project_id
    ) AS shown
  )`

/** Whether a user has an installation, not suspended, of the account that owns a repository (`owner/repo`). */
export const hasInstallation = (userId: string, path: string, condition = '') => `EXISTS (
    SELECT FROM github_installations AS installation
    WHERE installation.neptun_user_id = ${userId}
      AND installation.suspended_at IS NULL
      AND lower(installation.account_name) = lower(split_part(${path}, '/', 1))
      ${condition}
  )`

/** Whether an import is withheld: it is of GitHub, and its user has no access to its owner's account at present. */
export const isWithheld = (row: string) =>
  `(${row}.source_type = 'github' AND NOT ${hasInstallation(`${row}.neptun_user_id`, `${row}.source_path`)})`
