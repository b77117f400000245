import { isoTime } from '../../database/sql.js'

/** An import as it is shown: of many, in a LATERAL, which the planner takes apart, and not in a query for each. */
export const shownImport = (row: string) => `(
    SELECT
      ${row}.id, ${row}.source_type, ${row}.source_path, ${row}.title, ${row}.description,
      ${isoTime(`${row}.created_at`)} AS created_at,
      ${isoTime(`${row}.updated_at`)} AS updated_at,
      ${row}.neptun_user_id, ${row}.project_id
  )`

/** An import as the JSON text that goes over the wire. PostgreSQL builds it and nothing parses it on the way. */
export const importJson = (row: string) => `(SELECT row_to_json(shown)::text FROM ${shownImport(row)} AS shown)`

/** Whether a user has an installation, not suspended, of the account that owns a repository (`owner/repo`). */
export const hasInstallation = (userId: string, path: string, condition = '') => `EXISTS (
    SELECT FROM github_installations AS installation
    WHERE installation.neptun_user_id = ${userId}
      AND installation.suspended_at IS NULL
      AND lower(installation.account_name) = lower(split_part(${path}, '/', 1))
      ${condition}
  )`

/** The accounts, in lower case, of which the caller has an installation that is not suspended. */
const ACCOUNTS = `ARRAY (
    SELECT lower(account_name) FROM github_installations
    WHERE neptun_user_id = caller.session_user_id AND suspended_at IS NULL
  )`

/**
 * Whether an import of the caller is withheld: it is of GitHub, and its user has no access to its owner's account at
 * present. The accounts are collected once, for however many imports.
 */
export const isWithheld = (row: string) =>
  `(${row}.source_type = 'github' AND lower(split_part(${row}.source_path, '/', 1)) <> ALL (${ACCOUNTS}))`
