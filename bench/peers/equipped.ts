// The reference for most targets: hand-written SQL on one pool, with plugins and checks like the service's. Each
// request runs the prepared session query, then one prepared statement that returns plain rows. The response schema
// serializes them.
import { buildEquipped, createLogger } from './equipment/app.js'
import type { Import, UserFile } from './equipment/schemas.js'
import { openProductionPool } from './pool.js'
import { serve } from './serve.js'

const logger = createLogger()
const pool = openProductionPool((err) => logger.error({ err }, 'Lost an idle database connection'))

const SESSION = `
  SELECT session.neptun_user_id AS "userId", project.id AS "projectId"
  FROM sessions AS session
  LEFT JOIN projects AS project ON project.id = $2 AND project.neptun_user_id = session.neptun_user_id
  WHERE session.token_hash = $1 AND session.revoked_at IS NULL AND session.expires_at > now()`

const IMPORT = `
  id, source_type, source_path, title, description, created_at, updated_at, neptun_user_id, project_id`

/**
 * Also reads the withheld imports, which listImports() drops and counts. They are few, so this is cheaper than counting
 * them in a subquery.
 */
const LIST_IMPORTS = `
  SELECT ${IMPORT},
    source_type = 'github' AND lower(split_part(source_path, '/', 1)) <> ALL (ARRAY (
      SELECT lower(account_name) FROM github_installations WHERE neptun_user_id = $2 AND suspended_at IS NULL
    )) AS withheld
  FROM imports
  WHERE project_id = $1 AND neptun_user_id = $2 AND ($3::source_type IS NULL OR source_type = $3)
  ORDER BY created_at, id`

const LIST_USER_FILES = `
  SELECT file.id, file.title, file.text, file.language, file.extension, file.created_at, file.updated_at,
    file.neptun_user_id
  FROM project_user_files AS link JOIN user_files AS file ON file.id = link.user_file_id
  WHERE link.project_id = $1 AND file.neptun_user_id = $2
  ORDER BY link.id DESC`

const CREATE_IMPORT = `
  WITH account AS (
    SELECT FROM github_installations
    WHERE neptun_user_id = $2 AND lower(account_name) = lower(split_part($4, '/', 1))
      AND suspended_at IS NULL AND repository_selection = 'all'
    LIMIT 1
  )
  INSERT INTO imports (project_id, neptun_user_id, source_type, source_path, title, description)
  SELECT $1::integer, $2::integer, $3::source_type, $4, $5, $6
  WHERE $3 <> 'github' OR EXISTS (SELECT FROM account)
  RETURNING ${IMPORT}`

const app = await buildEquipped(
  {
    async findSession(tokenHash, projectId) {
      const { rows } = await pool.query({ name: 'session', text: SESSION, values: [tokenHash, projectId] })
      return rows[0]
    },

    async listImports({ userId, projectId }, sourceType) {
      const query = { name: 'list-imports', text: LIST_IMPORTS, values: [projectId, userId, sourceType] }
      const { rows } = await pool.query<Import & { withheld: boolean }>(query)
      const imports = rows.filter(({ withheld }) => !withheld)
      return { imports, withheld: rows.length - imports.length }
    },

    async listUserFiles({ userId, projectId }) {
      const query = { name: 'list-user-files', text: LIST_USER_FILES, values: [projectId, userId] }
      return (await pool.query<UserFile>(query)).rows
    },

    async createImport({ userId, projectId }, { source_type, source_path, title = null, description = null }) {
      const values = [projectId, userId, source_type, source_path, title, description]
      return (await pool.query<Import>({ name: 'create-import', text: CREATE_IMPORT, values })).rows[0]
    },

    sqlStateOf: (error) => (error as { code?: string }).code,
  },
  logger,
)

await serve(app)
