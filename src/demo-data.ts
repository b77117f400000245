import pg from 'pg'
import { hashToken } from './session-token.js'

/** What the demonstration data has to offer: a user with a project, and a second one to try what is refused. */
export const demo = {
  user: { id: 1, email: 'demo@example.com', projectId: 789, token: 'your-session-cookie' },
  otherUser: { id: 2, email: 'other@example.com', projectId: 790, token: 'other-session-cookie' },
} as const

/** The id of the import and of each resource, and the time at which they were created: those of the documentation. */
const RESOURCE_ID = 123
const CREATED_AT = '2025-02-16T17:42:11.000Z'

/** The last id that demonstration data can have: new rows get higher ones. */
const LAST_ID = 1000

const INSERT_USER = `
  INSERT INTO users (id, email, github_account_id, github_account_name)
  VALUES ($1, $2, $3, $4)`

const INSERT_SESSION = `
  INSERT INTO sessions (neptun_user_id, token_hash, expires_at)
  VALUES ($1, $2, now() + interval '10 years')`

const INSERT_PROJECT = `
  INSERT INTO projects (id, neptun_user_id, name)
  VALUES ($1, $2, $3)`

const INSERT_IMPORT = `
  INSERT INTO imports (id, neptun_user_id, project_id, source_type, source_path, title, description,
    created_at, updated_at)
  VALUES ($1, $2, $3, 'github', 'username/repository', 'My GitHub Import', 'Importing from GitHub repository',
    $4, $4)`

const INSERT_USER_FILE = `
  INSERT INTO user_files (id, neptun_user_id, title, text, language, extension, created_at, updated_at)
  VALUES ($1, $2, 'hello.py', E'print("Hello, world!")\\n', 'python', 'py', $3, $3)`

const INSERT_TEMPLATE_COLLECTION = `
  INSERT INTO template_collections (id, neptun_user_id, name, description, created_at, updated_at)
  VALUES ($1, $2, 'Container templates', 'Dockerfiles to start from', $3, $3)`

const INSERT_GITHUB_INSTALLATION = `
  INSERT INTO github_installations (id, neptun_user_id, installation_id, account_name, repository_selection,
    github_account_type, github_account_id, github_account_name, created_at, updated_at)
  VALUES ($1, $2, 456789, 'username', 'all', 'User', $4, 'username', $3, $3)`

const INSERT_CHAT_CONVERSATION = `
  INSERT INTO chat_conversations (id, neptun_user_id, name, description, model_publisher, model_name,
    created_at, updated_at)
  VALUES ($1, $2, 'A Dockerfile for my project', 'How to package the service', 'openai', 'gpt-4o', $3, $3)`

/** nextval, because a sequence must never go back: it may have been in use before. */
const RAISE_SEQUENCES = `
  SELECT setval(sequence, greatest(nextval(sequence), ${LAST_ID}))
  FROM information_schema.columns,
    LATERAL pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) AS sequence
  WHERE table_schema = current_schema() AND column_name = 'id' AND sequence IS NOT NULL`

const HAS_USERS = 'SELECT EXISTS (SELECT FROM users) AS found'

const HAS_DEMO_SESSION = `
  SELECT EXISTS (
    SELECT
    FROM sessions
    JOIN projects USING (neptun_user_id)
    WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > now() AND neptun_user_id = $2 AND projects.id = $3
  ) AS found`

/**
 * Writes the demonstration data, all of it or nothing, into a database that has no user yet. Any other database is
 * left as it is.
 *
 * @param nodeEnv what the process is for: never in production, since everyone knows the tokens
 * @returns whether it was written
 * @throws Error in production
 */
export async function seedDemoData(databaseUrl: string, nodeEnv = process.env['NODE_ENV']): Promise<boolean> {
  if (nodeEnv === 'production') throw new Error('Demonstration data is never written in production')
  return await withClient(databaseUrl, async (client) => {
    // First without the lock, which would wait for everyone who is writing.
    if (await finds(client, HAS_USERS)) return false
    await client.query('BEGIN')
    await client.query('LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE')
    if (await finds(client, HAS_USERS)) return false
    await writeUsers(client)
    await writeResources(client)
    await client.query(RAISE_SEQUENCES)
    await client.query('COMMIT')
    return true
  })
}

/** Whether the demonstration user can be used in this database: its session and its project are there. */
export async function hasDemoData(databaseUrl: string): Promise<boolean> {
  return await withClient(databaseUrl, hasDemoSession)
}

/** The same, for whoever has a connection. */
export async function hasDemoSession(database: pg.Client | pg.Pool): Promise<boolean> {
  const { id, projectId, token } = demo.user
  return await finds(database, HAS_DEMO_SESSION, [hashToken(token), id, projectId])
}

/** The command that makes an import as the demonstration user, of a service at this URL. */
export function demoCurl(url: string): string {
  const { id, projectId, token } = demo.user
  const body = JSON.stringify({ source_type: 'github', source_path: 'username/repository', title: 'My GitHub Import' })
  const headers = ['Accept: application/json', 'Content-Type: application/json', `Cookie: neptun-session=${token}`]
  const options = headers.map((header) => `-H '${header}'`).join(' ')
  return `curl -X POST '${url}/api/users/${id}/projects/${projectId}/resources/imports' ${options} -d '${body}'`
}

const GITHUB_ACCOUNT_ID = '1234567'

async function writeUsers(client: pg.Client): Promise<void> {
  for (const { id, email, projectId, token } of Object.values(demo)) {
    const account = id === demo.user.id ? [GITHUB_ACCOUNT_ID, 'username'] : [null, null]
    await client.query(INSERT_USER, [id, email, ...account])
    await client.query(INSERT_SESSION, [id, hashToken(token)])
    await client.query(INSERT_PROJECT, [projectId, id, `Demonstration project ${projectId}`])
  }
}

async function writeResources(client: pg.Client): Promise<void> {
  const { id, projectId } = demo.user
  await client.query(INSERT_IMPORT, [RESOURCE_ID, id, projectId, CREATED_AT])
  await client.query(INSERT_USER_FILE, [RESOURCE_ID, id, CREATED_AT])
  await client.query(INSERT_TEMPLATE_COLLECTION, [RESOURCE_ID, id, CREATED_AT])
  await client.query(INSERT_GITHUB_INSTALLATION, [RESOURCE_ID, id, CREATED_AT, GITHUB_ACCOUNT_ID])
  await client.query(INSERT_CHAT_CONVERSATION, [RESOURCE_ID, id, CREATED_AT])
}

async function finds(database: pg.Client | pg.Pool, query: string, values: unknown[] = []): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(query, values)
  return rows[0]?.found ?? false
}

async function withClient<T>(databaseUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
