import { hash } from 'node:crypto'
import type pg from 'pg'
import { resourceTypes } from './document.js'
import type { Model, User } from './model.js'
import { createRandom } from './random.js'
import { MAX_ROWS } from './room.js'
import { INSERT_PROJECT, readModel } from './stored.js'

/**
 * Creates users, each with sessions, projects, GitHub installations and other resources that are not linked. The first
 * user also has an almost full project.
 */
export async function createUsers(client: pg.Pool, count: number, seed: number): Promise<User[]> {
  const users: User[] = []
  for (let index = 0; index < count; index += 1) {
    const random = createRandom(seed * 1000 + index)
    const canary = `cnry${random.int(0x10000000, 0xffffffff).toString(16)}`
    const { rows } = await client.query('INSERT INTO users (email) VALUES ($1) RETURNING id', [`${canary}@example.com`])
    const accounts = [`${canary}-all`, `${canary}-some`, `${canary}-none`]
    const slugs = ['imports', ...resourceTypes.map(({ slug }) => slug)]
    const deleted = { projects: [], items: Object.fromEntries(slugs.map((slug) => [slug, []])) }
    const model: Model = { projects: new Map(), resources: {}, suspended: new Set() }
    const user: User = {
      ...{ index, id: rows[0].id, canary, random, sessions: [], accounts, model, deleted },
      seen: new Map(),
      nextPages: [],
    }
    for (let session = 0; session < 4; session += 1) await createSession(client, user, `token_${canary}_${session}`)
    await createSession(client, user, sealed(canary))
    for (let project = 0; project < 3; project += 1) await client.query(INSERT_PROJECT, [canary, user.id])
    await createResources(client, user)
    if (index === 0) await fillProject(client, user)
    user.model = await readModel(client, user.id)
    users.push(user)
  }
  return users
}

/** Returns a token as another service might issue it, with all punctuation that a cookie can contain except `%`. */
const sealed = (canary: string) => `Fe26.2**${canary}*!#$&'()+-./:<=>?@[]^_\`{|}~${'x'.repeat(400)}`

async function createSession(client: pg.Pool, user: User, token: string): Promise<void> {
  user.sessions.push({ token, state: 'valid' })
  await client.query(
    `INSERT INTO sessions (token_hash, neptun_user_id, expires_at) VALUES ($1, $2, now() + interval '1 day')`,
    [hash('sha256', token, 'buffer'), user.id],
  )
}

/** Creates resources. No two users get the same installation id: see isOwnInstallation(). */
async function createResources(client: pg.Pool, { index, id, canary, accounts }: User): Promise<void> {
  for (const [position, selection] of ['all', 'selected'].entries()) {
    await client.query(
      `INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
       VALUES ($1, $2, $3, $4)`,
      [installationId(index, position), accounts[position], selection, id],
    )
  }
  for (let file = 0; file < 5; file += 1) {
    await client.query(
      `INSERT INTO user_files (title, text, language, extension, neptun_user_id) VALUES ($1::text, $1::text, 'text', 'txt', $2)`,
      [`${canary} ${file}`, id],
    )
    await client.query(`INSERT INTO template_collections (name, neptun_user_id) VALUES ($1, $2)`, [canary, id])
    await client.query(
      `INSERT INTO chat_conversations (name, model_publisher, model_name, neptun_user_id) VALUES ($1, 'p', 'm', $2)`,
      [canary, id],
    )
  }
}

/** Returns the `installation_id` of one of a user's installations. */
export const installationId = (user: number, number: number) => 1_000_000 + user * 1000 + number

/**
 * Returns whether only this user can have recorded an `installation_id`. An id from a mutated body, such as 1, can have
 * been recorded by several users.
 */
export const isOwnInstallation = (user: number, id: number) =>
  Math.floor(id / 1000) === Math.floor(installationId(user, 0) / 1000)

/** Fills one project almost up to the limit, so that its lists are read in several batches. */
async function fillProject(client: pg.Pool, { id, canary }: User): Promise<void> {
  const project = `(SELECT min(id) FROM projects WHERE neptun_user_id = $1::integer)`
  await client.query(
    `INSERT INTO imports (source_type, source_path, title, neptun_user_id, project_id)
     SELECT 'local', '/' || number, $2::text, $1::integer, ${project} FROM generate_series(1, ${MAX_ROWS - 5}) AS number`,
    [id, canary],
  )
  await client.query(
    `WITH files AS (
       INSERT INTO user_files (title, text, language, extension, neptun_user_id)
       SELECT $2::text, number::text, 'text', 'txt', $1::integer FROM generate_series(1, ${MAX_ROWS - 5}) AS number RETURNING id
     ) INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) SELECT ${project}, id, $1::integer FROM files`,
    [id, canary],
  )
}
