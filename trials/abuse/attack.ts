import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { withClient } from '../../src/database/database.js'
import { demo } from '../../src/demo-data.js'
import type { Attack, AttackResult } from './attacker.js'

const PROGRAM = fileURLToPath(new URL('./attacker.ts', import.meta.url))

/** Starts an abusive client in a separate process. `stop` returns the number of its responses by status. */
export async function startAttack(attack: Attack): Promise<{ stop: () => Promise<AttackResult> }> {
  const child = fork(PROGRAM, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'spawn')
  child.send(attack)
  return {
    stop: async () => {
      child.send('report')
      const [counts] = (await once(child, 'message')) as [AttackResult]
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
      return counts
    },
  }
}

export interface User {
  id: number
  token: string
  /** Base path of the resources in the user's project. */
  resources: string
}

export const attacker: User = {
  id: demo.user.id,
  token: demo.user.token,
  resources: `/api/users/${demo.user.id}/projects/${demo.user.projectId}/resources`,
}

/** Creates users, each with a session, and a project with 20 imports. */
export async function addUsers(url: string, ids: number[]): Promise<User[]> {
  await withClient(url, (client) =>
    client.query(`
      INSERT INTO users (id, email) SELECT id, id || '@example.com' FROM unnest('{${ids}}'::integer[]) AS id;
      INSERT INTO projects (id, name, neptun_user_id) SELECT id, 'project', id FROM unnest('{${ids}}'::integer[]) AS id;
      INSERT INTO sessions (token_hash, neptun_user_id, expires_at)
        SELECT sha256(convert_to('token-of-user-' || id, 'UTF8')), id, now() + interval '1 day'
        FROM unnest('{${ids}}'::integer[]) AS id;
      INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
        SELECT 'local', '/' || n, id, id FROM unnest('{${ids}}'::integer[]) AS id, generate_series(1, 20) AS n`),
  )
  return ids.map((id) => ({ id, token: `token-of-user-${id}`, resources: `/api/users/${id}/projects/${id}/resources` }))
}

/** Takes six bytes in JSON, the maximum for one character. */
const COSTLY = `E'\\u0001'`

/** Fills each user's project up to the limits: 16 MiB of imports and 16 MiB of files. */
export async function fillProjects(url: string, users: User[]): Promise<void> {
  const projects = users.map(({ id }) => `(${id}, ${id === demo.user.id ? demo.user.projectId : id})`)
  const owners = `(VALUES ${projects}) AS owner (user_id, project_id)`
  await withClient(url, (client) =>
    client.query(`
      INSERT INTO imports (source_type, source_path, description, neptun_user_id, project_id)
        SELECT 'local', '/' || n, repeat(${COSTLY}, 10000), user_id, project_id FROM ${owners}, generate_series(1, 276) AS n;
      WITH made AS (
        INSERT INTO user_files (neptun_user_id, title, text, language, extension)
        SELECT user_id, 'file', repeat(${COSTLY}, CASE WHEN n < 3 THEN 1048576 ELSE 680000 END), 'x', 'x'
        FROM ${owners}, generate_series(1, 3) AS n RETURNING id, neptun_user_id
      )
      INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id)
        SELECT project_id, id, user_id FROM made JOIN ${owners} ON user_id = neptun_user_id`),
  )
}

/** Returns the ids of a user's files, newest first. */
export async function filesOf(url: string, user: User): Promise<number[]> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query('SELECT id FROM user_files WHERE neptun_user_id = $1 ORDER BY id DESC', [
      user.id,
    ])
    return rows.map(({ id }) => id)
  })
}

/** Serializes a request as HTTP/1.1. */
export function toRequest({ token, resources }: User, method: string, path: string, body?: string): string {
  const head = `${method} ${resources}${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: neptun-session=${token}\r\n`
  if (body === undefined) return `${head}\r\n`
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
