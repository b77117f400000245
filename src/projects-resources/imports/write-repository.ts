import type { RepositorySelection, SourceType } from '../../database/generated/enums.js'
import type { Runner } from '../../database/shared-connections.js'
import type { Owner } from '../caller.js'
import { hasInstallation, importJson } from './sql.js'

export interface NewImport {
  source_type: SourceType
  /** Canonical. */
  source_path: string
  title: string | null
  description: string | null
}

export interface CreateLimits {
  /** Which installations grant a github import. */
  selections: RepositorySelection[]
  maxImports: number
}

export type CreateOutcome<T = string> = { created: T } | 'no-project' | 'not-granted' | 'full'

export const PROJECT = 'SELECT id, neptun_user_id, import_count FROM projects WHERE id = $2 AND neptun_user_id = $1'

/** Whether a `project` may have this import. */
export const CREATE_PERMITTED = `
  permitted AS (
    SELECT
      $3 <> 'github' OR ${hasInstallation('$1', '$4', 'AND repository_selection::text = ANY ($8)')} AS granted,
      import_count < $7 AS has_room
    FROM project
  )`

/** The lock makes concurrent inserts take turns per project, and import_count the one that the turn finds. */
const CREATE_IMPORT = `
  WITH project AS (${PROJECT} FOR NO KEY UPDATE), ${CREATE_PERMITTED},
  created AS (
    INSERT INTO imports (source_type, source_path, title, description, project_id, neptun_user_id)
    SELECT $3::source_type, $4, $5, $6, project.id, project.neptun_user_id
    FROM project, permitted
    WHERE permitted.granted AND permitted.has_room
    RETURNING ${importJson('imports')} AS json
  )
  SELECT permitted.granted, permitted.has_room, created.json FROM permitted LEFT JOIN created ON true`

/** Stores an import, if the project is the user's, has room, and the user may read the repository. One statement. */
export async function createImport(
  writes: Runner,
  owner: Owner,
  values: NewImport,
  limits: CreateLimits,
): Promise<CreateOutcome> {
  const { rows } = await writes.query<{ granted: boolean; has_room: boolean; json: string }>({
    name: 'create-import',
    text: CREATE_IMPORT,
    values: createValues(owner, values, limits),
  })
  return toCreateOutcome(rows[0], ({ json }) => json)
}

/** What a row of CREATE_PERMITTED says, with or without what came of it. */
export function toCreateOutcome<Row extends { granted: boolean; has_room: boolean }, T>(
  row: Row | undefined,
  read: (row: Row) => T,
): CreateOutcome<T> {
  if (!row) return 'no-project'
  if (!row.granted) return 'not-granted'
  return row.has_room ? { created: read(row) } : 'full'
}

/** The values of CREATE_IMPORT's parameters, $1 to $8. */
export function createValues({ userId, projectId }: Owner, values: NewImport, limits: CreateLimits): unknown[] {
  const { source_type, source_path, title, description } = values
  return [userId, projectId, source_type, source_path, title, description, limits.maxImports, limits.selections]
}

export interface ImportChange {
  /** What is to be changed; undefined leaves a field as it is. */
  source_type?: SourceType | undefined
  source_path?: string | undefined
  title?: string | null | undefined
  description?: string | null | undefined
  /** What must not have changed since it was read, or the pair would no longer be the one that was checked. */
  expected: { source_type?: SourceType; source_path?: string; updated_at?: string | undefined }
  /** The github path that must be granted, if any, and which installations grant it. */
  grant: { path: string; selections: RepositorySelection[] } | null
}

export type UpdateOutcome<T = string> = { updated: T } | 'not-granted' | 'changed-meanwhile'

export const UPDATE_PERMITTED = `
  permitted AS (
    SELECT $12::text IS NULL
      OR ${hasInstallation('$1', '$12', 'AND repository_selection::text = ANY ($13)')} AS granted
  )`

/** What becomes of the columns. updated_at moves by a millisecond at least, also when the clock stands or steps back. */
export const CHANGED = {
  source_type: 'coalesce($4::source_type, imports.source_type)',
  source_path: 'coalesce($5, imports.source_path)',
  title: 'CASE WHEN $6::boolean THEN $7 ELSE imports.title END',
  description: 'CASE WHEN $8::boolean THEN $9 ELSE imports.description END',
  updated_at: `greatest(now(), imports.updated_at + interval '1 millisecond')`,
}

/** Which row is changed, if it may be and is as expected. */
export const TO_CHANGE = `
  permitted.granted
  AND imports.id = $3 AND imports.project_id = $2 AND imports.neptun_user_id = $1
  AND ($10::source_type IS NULL OR imports.source_type = $10)
  AND ($11::text IS NULL OR imports.source_path = $11)
  AND ($14::timestamptz IS NULL OR imports.updated_at = $14)`

const UPDATE_IMPORT = `
  WITH ${UPDATE_PERMITTED},
  updated AS (
    UPDATE imports
    SET ${Object.entries(CHANGED).map(([column, value]) => `${column} = ${value}`)}
    FROM permitted
    WHERE ${TO_CHANGE}
    RETURNING ${importJson('imports')} AS json
  )
  SELECT permitted.granted, updated.json FROM permitted LEFT JOIN updated ON true`

/**
 * Changes an import, provided that it still is what the caller looked at. PostgreSQL tests `expected` on the row as it
 * is once its lock is held, so that two changes at the same moment cannot both pass on what the other has replaced.
 */
export async function updateImport(
  writes: Runner,
  owner: Owner,
  importId: number,
  change: ImportChange,
): Promise<UpdateOutcome> {
  const { rows } = await writes.query<{ granted: boolean; json: string | null }>({
    name: 'update-import',
    text: UPDATE_IMPORT,
    values: updateValues(owner, importId, change),
  })
  const row = rows[0]
  if (!row?.granted) return 'not-granted'
  return row.json === null ? 'changed-meanwhile' : { updated: row.json }
}

/** The values of UPDATE_IMPORT's parameters, $1 to $14. */
export function updateValues(
  { userId, projectId }: Owner,
  importId: number,
  { source_type, source_path, title, description, expected, grant }: ImportChange,
): unknown[] {
  return [
    userId,
    projectId,
    importId,
    source_type ?? null,
    source_path ?? null,
    title !== undefined,
    title ?? null,
    description !== undefined,
    description ?? null,
    expected.source_type ?? null,
    expected.source_path ?? null,
    grant?.path ?? null,
    grant?.selections ?? [],
    expected.updated_at ?? null,
  ]
}
