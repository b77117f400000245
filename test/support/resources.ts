import type { TSchema } from '@sinclair/typebox'
import type { Test } from 'tap'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { STORABLE_TEXT } from '../../src/schemas.js'
import type { TestApp } from './app.js'

/** Bodies that create a resource, if they differ from the example in the descriptor. */
const BODIES: Record<string, Record<string, unknown>> = {
  'github-installations': { installation_id: 4711, account_name: 'acme', repository_selection: 'selected' },
}

/** Properties of a response that are not in the request body or differ from it. Id, times and owner are left out. */
const FURTHER_PROPERTIES: Record<string, Record<string, unknown>> = {
  'template-collections': { is_shared: false, share_uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ },
  'github-installations': {
    installation_id: '4711',
    github_account_type: null,
    github_account_avatar_url: null,
    github_account_id: null,
    github_account_name: 'acme',
  },
  'chat-conversations': { model: 'mistralai/Mistral-7B-Instruct' },
}

/** All resource types, with what the tests expect of each. */
export const RESOURCE_TYPES = RESOURCE_DESCRIPTORS.map((descriptor) => {
  const create = BODIES[descriptor.slug] ?? descriptor.example
  const fields: Record<string, TSchema> = descriptor.create.properties
  return {
    ...descriptor,
    /** The schemas of the fields of a body that creates a resource. */
    fields,
    /** A body that creates a resource. */
    create,
    /** The response to `create`, except id, times and owner. */
    created: { ...create, ...FURTHER_PROPERTIES[descriptor.slug] } as Record<string, unknown>,
    /** The names of the response's properties, in order. */
    keys: Object.keys(descriptor.resource.properties),
    /** The fields of the body that accept any text. */
    texts: Object.keys(fields).filter((name) => fields[name]?.['pattern'] === STORABLE_TEXT),
  }
})

export type ResourceType = (typeof RESOURCE_TYPES)[number]

/** Expects properties to have these values, or to match these patterns. */
export function hasProperties(t: Test, row: Record<string, unknown>, expected: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value instanceof RegExp) t.match(row[name], value, name)
    else t.strictSame(row[name], value, name)
  }
}

/** Returns a body that creates another resource for each `index`, even if the type has a natural key. */
export const distinct = ({ create, naturalKey }: ResourceType, index: number): Record<string, unknown> =>
  naturalKey ? { ...create, [naturalKey]: 900_000 + index } : create

/** Columns of an installation that the service derives from the body. */
const ACCOUNT = { github_account_name: 'acme' }

/** Inserts a resource without links into its table. Each of its texts starts with `mark`. */
export async function writeResource(
  { sql }: TestApp,
  { table, create, texts, naturalKey }: ResourceType,
  { id, userId = 1, mark = '' }: { id: number; userId?: number; mark?: string },
) {
  const marked = ([name, value]: [string, unknown]) => (texts.includes(name) && value !== null ? mark + value : value)
  // A user can have an installation only once, so each id gets its own installation_id. Id 500 gets 4711, as in BODIES.
  const own = { ...create, ...(naturalKey && { [naturalKey]: 4211 + id, ...ACCOUNT }) }
  const columns = ['id', 'neptun_user_id', 'created_at', 'updated_at', ...Object.keys(own)]
  const values = [id, userId, '2025-02-16T17:42:11Z', '2025-02-16T18:42:11Z', ...Object.entries(own).map(marked)]
  await sql(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    values,
  )
}

/** Inserts `count` resources and links them to project 789, bypassing the API. */
export async function fillLinks({ sql }: TestApp, type: ResourceType, count: number) {
  const { table, linkTable, idField, create, naturalKey } = type
  const columns = Object.keys(create)
  const values = columns.map((name, index) => `$${index + 1}${name === naturalKey ? ' + number' : ''}`)
  await sql(
    `WITH made AS (
       INSERT INTO ${table} (neptun_user_id, ${columns}) SELECT 1, ${values}
       FROM generate_series(1, ${count}) AS number RETURNING id
     )
     INSERT INTO ${linkTable} (project_id, ${idField}, neptun_user_id) SELECT 789, id, 1 FROM made`,
    Object.values(create),
  )
}
