import { jsonText } from '../../database/sql.js'
import { CALLER } from '../caller.js'
import type { LinkDescriptor } from './descriptor.js'

/** Texts that cannot be longer, in characters, are short. */
const MAX_SHORT = 4096

/** The SQL of one type of resource, by what it does. */
export function writeStatements(descriptor: LinkDescriptor) {
  const { table, linkTable, idField, create, verified = [], resource, computed } = descriptor
  const columns = [...Object.keys(create.properties), ...verified]
  const json = jsonText(resource, 'resource', computed)
  const long = Object.entries(create.properties).filter(([, { maxLength = 0 }]) => maxLength > MAX_SHORT)
  /** How many bytes the texts of all of them have that may be long. */
  const sizes = long.map(([name]) => `coalesce(octet_length(resource.${name}), 0)`)
  const size = sizes.length > 0 ? `sum(${sizes.join(' + ')}) OVER ()` : '0'
  // The project is the caller's (CALLER), and so must the resource be. A link's own user is, by its foreign keys, that of both:
  // to leave it out is to find links in their indexes alone.
  const linked = `
    ${linkTable} AS link
    JOIN ${table} AS resource ON resource.id = link.${idField} AND resource.neptun_user_id = caller.session_user_id`
  const ofCaller = 'link.project_id = caller.project_id'

  return {
    // A row for each: one value for all of them would be sorted with every text in it, and can hold 1 GB at most.
    list: `
      WITH ${CALLER}
      SELECT caller.*, listed.*
      FROM caller
      LEFT JOIN LATERAL (
        SELECT link.id AS link_id, ${json} AS json FROM ${linked} WHERE ${ofCaller}
      ) AS listed ON true
      ORDER BY listed.link_id DESC`,
    /**
     * At most so many that were linked before a link, and the last of them if there are more; no JSON if their texts have
     * more than so many bytes.
     */
    listPage: `
      WITH ${CALLER}
      SELECT caller.*, listed.json,
        CASE WHEN number = $5 AND EXISTS (
          SELECT FROM ${linkTable} AS link WHERE ${ofCaller} AND link.id < last_link
        ) THEN last_link END AS next
      FROM caller, LATERAL (
        SELECT
          count(*) AS number, min(link_id) AS last_link,
          CASE WHEN coalesce(max(size), 0) <= $6::integer THEN
            coalesce(string_agg(${json}, ',') FILTER (WHERE size <= $6::integer), '')
          END AS json
        FROM (
          SELECT *, ${size} AS size
          FROM (
            SELECT link.id AS link_id, resource.*
            FROM ${linked}
            WHERE ${ofCaller} AND link.id < coalesce($4::bigint, 9223372036854775807)
            ORDER BY link.id DESC
            LIMIT $5::integer
          ) AS resource
        ) AS resource
      ) AS listed`,
    find: `
      WITH ${CALLER}
      SELECT caller.*, (
        SELECT ${json} FROM ${linked} WHERE ${ofCaller} AND link.${idField} = $4
      ) AS json
      FROM caller`,
    link: `
      WITH resource AS (
        SELECT * FROM ${table} WHERE id = $3 AND neptun_user_id = $1
      ),
      linked AS (
        INSERT INTO ${linkTable} (project_id, ${idField}, neptun_user_id)
        SELECT $2, resource.id, resource.neptun_user_id FROM resource
        ON CONFLICT (project_id, ${idField}) DO NOTHING
        RETURNING id
      )
      SELECT ${json} AS json, EXISTS (SELECT FROM linked) AS is_new FROM resource`,
    create: `
      WITH resource AS (
        INSERT INTO ${table} (neptun_user_id, ${columns.join(', ')})
        SELECT project.neptun_user_id, ${columns.map((_, index) => `$${index + 3}`).join(', ')}
        FROM projects AS project
        WHERE project.id = $2 AND project.neptun_user_id = $1
        RETURNING *
      ),
      linked AS (
        INSERT INTO ${linkTable} (project_id, ${idField}, neptun_user_id)
        SELECT $2, resource.id, resource.neptun_user_id FROM resource
      )
      SELECT ${json} AS json FROM resource`,
    unlink: `
      WITH ${CALLER},
      removed AS (
        DELETE FROM ${linkTable} AS link USING caller
        WHERE ${ofCaller} AND link.${idField} = $4
        RETURNING link.id
      )
      SELECT caller.*, EXISTS (SELECT FROM removed) AS removed FROM caller`,
    createUnlinked: `
      INSERT INTO ${table} AS resource (neptun_user_id, ${columns.join(', ')})
      VALUES ($1, ${columns.map((_, index) => `$${index + 2}`).join(', ')})
      RETURNING ${json} AS json`,
    listOwned: `
      SELECT (
        SELECT coalesce(string_agg(${json}, ',' ORDER BY resource.id), '')
        FROM ${table} AS resource
        WHERE resource.neptun_user_id = owner.id
      ) AS resources
      FROM users AS owner
      WHERE owner.id = $1`,
    remove: `
      DELETE FROM ${table} AS resource
      WHERE resource.id = $2 AND resource.neptun_user_id = $1
      RETURNING ${json} AS json`,
  }
}
