import type { SourceType } from '../../database/generated/enums.js'
import type { Runner } from '../../database/shared-connections.js'
import { CALLER, type Caller, type Claim, callerValues } from '../caller.js'
import type { Position } from './cursor.js'
import { importJson, isWithheld } from './sql.js'

/** What a claim may see of a project's imports. `caller` is for `admit`; the rest holds only if that lets it pass. */
export interface ImportList {
  caller: Caller | undefined
  /** JSON texts of imports, joined by commas, oldest first. */
  imports: string
  /** How many more there are that the user has no access to at present. */
  withheld: number
  /** The last import of the page, if another page follows. */
  next: Position | null
}

type ListRow = Caller & { imports: string; withheld: number; next?: Position | null }

export interface FoundImport {
  /** JSON text. */
  json: string
  source_type: SourceType
  source_path: string
  withheld: boolean
}

/**
 * The caller's imports of the project. Their order keeps the planner from pulling this query up, and so from looking twice
 * at what is withheld; and it is the index's own, so that nothing is sorted. (docs/decisions/013)
 */
const IMPORTS_IN_ORDER = `
  SELECT import.*, ${isWithheld('import')} AS withheld
  FROM imports AS import
  WHERE import.project_id = caller.project_id AND import.neptun_user_id = caller.session_user_id
    AND ($4::source_type IS NULL OR import.source_type = $4)
  ORDER BY import.created_at, import.id`

/** Where a page begins, as a time: $5 in milliseconds. */
const POSITION = 'to_timestamp($5::bigint / 1000.0)::timestamptz(3)'

const LIST_IMPORTS = `
  WITH ${CALLER}
  SELECT caller.*, list.*
  FROM caller, LATERAL (
    SELECT
      count(*) FILTER (WHERE withheld)::integer AS withheld,
      coalesce(string_agg(${importJson('import')}, ',') FILTER (WHERE NOT withheld), '') AS imports
    FROM (${IMPORTS_IN_ORDER}) AS import
  ) AS list`

/** The same, of which those count that come after a position; all are looked at, since all that is withheld is told. */
const LIST_IMPORTS_PAGE = `
  WITH ${CALLER}
  SELECT caller.*, list.*
  FROM caller, LATERAL (
    SELECT
      count(*) FILTER (WHERE withheld)::integer AS withheld,
      coalesce(string_agg(${importJson('import')}, ',') FILTER (WHERE is_ahead AND number <= $7), '') AS imports,
      CASE WHEN bool_or(is_ahead AND number > $7) THEN (
        array_agg(json_build_object('createdAt', floor(extract(epoch FROM created_at) * 1000), 'id', id))
        FILTER (WHERE is_ahead AND number = $7)
      )[1] END AS next
    FROM (
      SELECT *, count(*) FILTER (WHERE is_ahead) OVER (ORDER BY created_at, id ROWS UNBOUNDED PRECEDING) AS number
      FROM (
        SELECT *, NOT withheld AND ($5::bigint IS NULL OR (created_at, id) > (${POSITION}, $6::integer)) AS is_ahead
        FROM (${IMPORTS_IN_ORDER}) AS import
      ) AS import
    ) AS import
  ) AS list`

const FIND_IMPORT = `
  WITH ${CALLER}
  SELECT
    caller.*, import.source_type, import.source_path,
    ${isWithheld('import')} AS withheld,
    CASE WHEN import.id IS NOT NULL THEN ${importJson('import')} END AS json
  FROM caller
  LEFT JOIN imports AS import
    ON import.id = $4 AND import.project_id = caller.project_id AND import.neptun_user_id = caller.session_user_id`

const REMOVE_IMPORT = `
  WITH ${CALLER},
  removed AS (
    DELETE FROM imports AS import USING caller
    WHERE import.id = $4 AND import.project_id = caller.project_id AND import.neptun_user_id = caller.session_user_id
      AND ($5::timestamptz IS NULL OR import.updated_at = $5)
    RETURNING import.id
  )
  SELECT caller.*, EXISTS (SELECT FROM removed) AS removed FROM caller`

/** All imports of a project, or all of one source type, in one statement. */
export async function listImports(reads: Runner, claim: Claim, sourceType: SourceType | null): Promise<ImportList> {
  const { rows } = await reads.query<ListRow>({
    name: 'list-imports',
    text: LIST_IMPORTS,
    values: [...callerValues(claim), sourceType],
  })
  const row = rows[0]
  return { caller: row, imports: row?.imports ?? '', withheld: row?.withheld ?? 0, next: null }
}

/** One page of the same list: those after a position, at most so many. */
export async function listImportsPage(
  reads: Runner,
  claim: Claim,
  sourceType: SourceType | null,
  page: { after: Position | null; limit: number },
): Promise<ImportList> {
  const { after, limit } = page
  const { rows } = await reads.query<ListRow>({
    name: 'list-imports-page',
    text: LIST_IMPORTS_PAGE,
    values: [...callerValues(claim), sourceType, after?.createdAt ?? null, after?.id ?? null, limit],
  })
  const row = rows[0]
  return { caller: row, imports: row?.imports ?? '', withheld: row?.withheld ?? 0, next: row?.next ?? null }
}

/** One import, withheld or not; null if the project has none of this id. */
export async function findImport(
  reads: Runner,
  claim: Claim,
  importId: number,
): Promise<{ caller: Caller | undefined; found: FoundImport | null }> {
  const { rows } = await reads.query<Caller & FoundImport>({
    name: 'find-import',
    text: FIND_IMPORT,
    values: [...callerValues(claim), importId],
  })
  const row = rows[0]
  return { caller: row, found: row && row.json !== null ? row : null }
}

/** Removes an import, withheld or not; with a time, only if that is when it was changed last. */
export async function removeImport(
  writes: Runner,
  claim: Claim,
  importId: number,
  updatedAt: string | null = null,
): Promise<{ caller: Caller | undefined; removed: boolean }> {
  const { rows } = await writes.query<Caller & { removed: boolean }>({
    name: 'remove-import',
    text: REMOVE_IMPORT,
    values: [...callerValues(claim), importId, updatedAt],
  })
  return { caller: rows[0], removed: rows[0]?.removed ?? false }
}
