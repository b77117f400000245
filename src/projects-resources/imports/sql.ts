import { jsonText } from '../../database/sql.js'
import { Import, NewImportPreview } from './schemas.js'

/** An import as the JSON text that goes over the wire. */
export const importJson = (row: string) => jsonText(Import, row)

/** One that has no id yet. */
export const newImportJson = (row: string) => jsonText(NewImportPreview, row)

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
