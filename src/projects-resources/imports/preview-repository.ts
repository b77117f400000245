import type { Runner } from '../../database/shared-connections.js'
import type { Owner } from '../caller.js'
import { importJson, newImportJson } from './sql.js'
import {
  CHANGED,
  CREATE_PERMITTED,
  type CreateLimits,
  type CreateOutcome,
  createValues,
  type ImportChange,
  type NewImport,
  PROJECT,
  TO_CHANGE,
  toCreateOutcome,
  UPDATE_PERMITTED,
  type UpdateOutcome,
  updateValues,
} from './write-repository.js'

/** What would be stored. */
export interface Preview {
  /** JSON text of the import as it would be. */
  json: string
  /** The ids of the project's other imports of the same source, oldest first. */
  duplicates: number[]
}

/** The ids of the imports of the same source as a row, without the row itself. GitHub's names know no letter case. */
const duplicatesOf = (row: string) => `(
    SELECT coalesce(json_agg(other.id ORDER BY other.created_at, other.id), '[]')
    FROM imports AS other
    WHERE other.project_id = ${row}.project_id AND other.neptun_user_id = ${row}.neptun_user_id
      AND other.id IS DISTINCT FROM ${row}.id
      AND other.source_type = ${row}.source_type
      AND CASE WHEN other.source_type = 'github'
        THEN lower(other.source_path) = lower(${row}.source_path)
        ELSE other.source_path = ${row}.source_path
      END
  )`

const PREVIEW_CREATE = `
  WITH project AS (${PROJECT}), ${CREATE_PERMITTED},
  preview AS (
    SELECT
      NULL::integer AS id, $3::source_type AS source_type, $4 AS source_path, $5 AS title, $6 AS description,
      now()::timestamptz(3) AS created_at, now()::timestamptz(3) AS updated_at, project.id AS project_id, project.neptun_user_id
    FROM project
  )
  SELECT
    permitted.granted, permitted.has_room, ${newImportJson('preview')} AS json, ${duplicatesOf('preview')} AS duplicates
  FROM permitted, preview`

const PREVIEW_UPDATE = `
  WITH ${UPDATE_PERMITTED},
  preview AS (
    SELECT
      imports.id, imports.created_at, imports.project_id, imports.neptun_user_id,
      ${Object.entries(CHANGED).map(([column, value]) => `${value} AS ${column}`)}
    FROM imports, permitted
    WHERE ${TO_CHANGE}
  )
  SELECT
    permitted.granted,
    CASE WHEN preview.id IS NOT NULL THEN ${importJson('preview')} END AS json,
    ${duplicatesOf('preview')} AS duplicates
  FROM permitted LEFT JOIN preview ON true`

/** What createImport would do, with an id of null. Stores nothing and locks nothing. */
export async function previewCreate(
  reads: Runner,
  owner: Owner,
  values: NewImport,
  limits: CreateLimits,
): Promise<CreateOutcome<Preview>> {
  const { rows } = await reads.query<Preview & { granted: boolean; has_room: boolean }>({
    name: 'preview-create-import',
    text: PREVIEW_CREATE,
    values: createValues(owner, values, limits),
  })
  return toCreateOutcome(rows[0], ({ json, duplicates }) => ({ json, duplicates }))
}

/** What updateImport would do. Stores nothing and locks nothing. */
export async function previewUpdate(
  reads: Runner,
  owner: Owner,
  importId: number,
  change: ImportChange,
): Promise<UpdateOutcome<Preview>> {
  const { rows } = await reads.query<{ granted: boolean; json: string | null; duplicates: number[] }>({
    name: 'preview-update-import',
    text: PREVIEW_UPDATE,
    values: updateValues(owner, importId, change),
  })
  const row = rows[0]
  if (!row?.granted) return 'not-granted'
  const { json, duplicates } = row
  return json === null ? 'changed-meanwhile' : { updated: { json, duplicates } }
}
