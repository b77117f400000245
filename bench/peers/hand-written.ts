// An upper bound for throughput: only the three measured calls, in hand-written SQL. One prepared statement per request,
// and PostgreSQL builds the JSON. No validation, log, rate limits or security headers.
import { hash } from 'node:crypto'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { openPool } from './pool.js'
import { serve } from './serve.js'

const pool = openPool()

const TIME = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`

/** Parameters: `$1` is the hash of the token, `$2` and `$3` are the user and the project in the path. */
const SESSION_AND_PROJECT = `
  sessions AS session
  LEFT JOIN projects AS project
    ON project.id = $3 AND project.neptun_user_id = $2 AND project.neptun_user_id = session.neptun_user_id`

const VALID = 'session.token_hash = $1 AND session.revoked_at IS NULL AND session.expires_at > now()'

const ACCOUNTS = `
  ARRAY (
    SELECT lower(account_name) FROM github_installations
    WHERE neptun_user_id = session.neptun_user_id AND suspended_at IS NULL
  )`

const LIST = `
  SELECT session.neptun_user_id, project.id, list.imports, list.withheld
  FROM ${SESSION_AND_PROJECT}
  LEFT JOIN LATERAL (
    SELECT
      string_agg(row_to_json(shown)::text, ',') FILTER (WHERE visible) AS imports,
      count(*) FILTER (WHERE NOT visible) AS withheld
    FROM (
      SELECT
        import.source_type <> 'github' OR lower(split_part(import.source_path, '/', 1)) = ANY (${ACCOUNTS}) AS visible,
        import.*
      FROM imports AS import
      WHERE import.project_id = project.id
      ORDER BY import.created_at, import.id
    ) AS import,
    LATERAL (
      SELECT
        import.id, import.source_type, import.source_path, import.title, import.description,
        to_char(import.created_at AT TIME ZONE 'UTC', ${TIME}) AS created_at,
        to_char(import.updated_at AT TIME ZONE 'UTC', ${TIME}) AS updated_at,
        import.neptun_user_id, import.project_id
    ) AS shown
  ) AS list ON true
  WHERE ${VALID}`

const RESOURCES = `
  SELECT session.neptun_user_id, project.id, list.files
  FROM ${SESSION_AND_PROJECT}
  LEFT JOIN LATERAL (
    SELECT string_agg(row_to_json(shown)::text, ',') AS files
    FROM (
      SELECT file.*
      FROM project_user_files AS link
      JOIN user_files AS file ON file.id = link.user_file_id
      WHERE link.project_id = project.id
      ORDER BY link.id DESC
    ) AS file,
    LATERAL (
      SELECT
        file.id, file.title, file.text, file.language, file.extension,
        to_char(file.created_at AT TIME ZONE 'UTC', ${TIME}) AS created_at,
        to_char(file.updated_at AT TIME ZONE 'UTC', ${TIME}) AS updated_at,
        file.neptun_user_id
    ) AS shown
  ) AS list ON true
  WHERE ${VALID}`

const CREATE = `
  WITH caller AS (
    SELECT
      session.neptun_user_id AS user_id, project.id AS project_id,
      $4 <> 'github' OR lower(split_part($5, '/', 1)) = ANY (${ACCOUNTS}) AS granted
    FROM ${SESSION_AND_PROJECT}
    WHERE ${VALID}
  ),
  created AS (
    INSERT INTO imports (source_type, source_path, title, description, project_id, neptun_user_id)
    SELECT $4::source_type, $5, $6, $7, project_id, user_id FROM caller WHERE granted AND project_id IS NOT NULL
    RETURNING *
  )
  SELECT caller.user_id, caller.project_id, caller.granted, row_to_json(shown)::text
  FROM caller
  LEFT JOIN (
    SELECT
      id, source_type, source_path, title, description,
      to_char(created_at AT TIME ZONE 'UTC', ${TIME}) AS created_at,
      to_char(updated_at AT TIME ZONE 'UTC', ${TIME}) AS updated_at,
      neptun_user_id, project_id
    FROM created
  ) AS shown ON true`

const IMPORTS = '/api/users/:user_id/projects/:project_id/resources/imports'
const USER_FILES = '/api/users/:user_id/projects/:project_id/resources/user-files'

type Request = FastifyRequest<{
  Params: { user_id: string; project_id: string }
  Body: { source_type: string; source_path: string; title?: string; description?: string }
}>

const app = Fastify()

app.get(IMPORTS, async (request: Request, reply) => {
  const [row] = await query('list', LIST, callerOf(request))
  if (!isAllowed(request, reply, row)) return reply
  if (row?.[3] !== '0') reply.header('x-imports-withheld', row?.[3])
  return sendText(reply, 200, `{"imports":[${row?.[2] ?? ''}]}`)
})

app.get(USER_FILES, async (request: Request, reply) => {
  const [row] = await query('resources', RESOURCES, callerOf(request))
  if (!isAllowed(request, reply, row)) return reply
  return sendText(reply, 200, `[${row?.[2] ?? ''}]`)
})

app.post(IMPORTS, async (request: Request, reply) => {
  const { source_type, source_path, title = null, description = null } = request.body
  const [row] = await query('create', CREATE, [...callerOf(request), source_type, source_path, title, description])
  if (!isAllowed(request, reply, row)) return reply
  if (!row?.[2]) return refuse(reply, 403, 'GITHUB_ACCESS_DENIED', 'No access to this GitHub repository')
  return sendText(reply, 201, `{"import":${row[3]}}`)
})

await serve(app)

async function query(name: string, text: string, values: unknown[]): Promise<unknown[][]> {
  return (await pool.query({ name, text, values, rowMode: 'array' })).rows
}

function callerOf({ headers, params }: Request): unknown[] {
  const token = /(?:^|;\s*)neptun-session=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? ''
  return [hash('sha256', token, 'buffer'), params.user_id, params.project_id]
}

/** Checks authorization. The first two columns of `row` are the session's user and the project. */
function isAllowed({ params }: Request, reply: FastifyReply, row: unknown[] | undefined): boolean {
  if (!row) refuse(reply, 401, 'UNAUTHORIZED', 'Unauthorized')
  else if (String(row[0]) !== params.user_id) refuse(reply, 403, 'USER_MISMATCH', 'Forbidden')
  else if (row[1] === null) refuse(reply, 404, 'PROJECT_NOT_FOUND', 'Project not found')
  else return true
  return false
}

function refuse(reply: FastifyReply, statusCode: number, code: string, message: string) {
  return sendText(reply, statusCode, JSON.stringify({ statusCode, code, message }))
}

function sendText(reply: FastifyReply, statusCode: number, text: string) {
  return reply.code(statusCode).header('content-type', 'application/json; charset=utf-8').send(text)
}
