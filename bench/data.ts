import { withClient } from '../src/database/database.js'

/** The size of a database. The content of its rows is derived from their ids, so it is predictable. */
export interface Dataset {
  users: number
  /** Number of imports, and of linked user files, in each of a user's projects. */
  perProject: readonly number[]
}

/** 1000 users, 5000 projects, 100 000 imports, 100 000 links. */
export const STANDARD: Dataset = { users: 1000, perProject: [20, 20, 20, 20, 20] }

/**
 * Number of a user's files, as a multiple of the links in their largest project. It is above 1, so that projects link
 * different files.
 */
const FILES_PER_LINK = 2

/** Returns the id of a user's project. `number` is its index, from 0. */
export const projectId = ({ perProject }: Dataset, user: number, number: number) =>
  (user - 1) * perProject.length + number + 1

/** Minimum number of sessions for a load, since a session can have at most 16 requests in progress. */
const MIN_SESSIONS = 500

/** Number of sessions of each user. */
export const sessionsPerUser = ({ users }: Dataset) => Math.ceil(MIN_SESSIONS / users)

/**
 * Returns the token of a user's session. `session` is its index, from 0. Tokens have 43 characters, like those that the
 * service creates.
 */
export const tokenOf = (user: number, session = 0) => `bench-${session}-${user}`.padEnd(43, '-')

const TOKEN = `rpad('bench-' || session || '-' || "user", 43, '-')`

/**
 * Returns SQL that fills the tables that the measured calls use. The rows of a project are spread over the table: they
 * are inserted round-robin, one for every project, as if users had created them concurrently. Half of the imports have
 * the type `github` and an account for which the user has an installation. The others have the type `gitlab`, `url` or
 * `git`.
 */
const LOAD = (dataset: Dataset) => {
  const { users, perProject } = dataset
  const maxPerProject = Math.max(...perProject)
  const files = maxPerProject * FILES_PER_LINK
  const size = `(ARRAY[${perProject}])[(project - 1) % ${perProject.length} + 1]`
  const owner = `((project - 1) / ${perProject.length} + 1)`
  const projects = `generate_series(1, ${users * perProject.length}) AS project`
  const time = `timestamptz '2025-02-16 17:42:11.123Z' + number * interval '1 hour' + project * interval '7 milliseconds'`
  return `
    INSERT INTO users (id, email)
    SELECT "user", 'user-' || "user" || '@example.com' FROM generate_series(1, ${users}) AS "user";

    INSERT INTO sessions (neptun_user_id, token_hash, expires_at)
    SELECT "user", sha256(convert_to(${TOKEN}, 'UTF8')), now() + interval '1 year'
    FROM generate_series(0, ${sessionsPerUser(dataset) - 1}) AS session, generate_series(1, ${users}) AS "user";

    INSERT INTO github_installations (neptun_user_id, installation_id, account_name, repository_selection)
    SELECT "user", "user" * 2 + second, (ARRAY['user-', 'Company-'])[second + 1] || "user", 'all'
    FROM generate_series(1, ${users}) AS "user", generate_series(0, 1) AS second;

    INSERT INTO projects (id, neptun_user_id, name, import_count, import_bytes, user_file_count, user_file_bytes)
    SELECT project, ${owner}, 'Project ' || project, ${size}, ${size} * 300, ${size}, ${size} * 450 FROM ${projects};

    INSERT INTO imports (neptun_user_id, project_id, source_type, source_path, title, description, created_at, updated_at)
    SELECT
      ${owner}, project, (ARRAY['github', 'gitlab', 'github', 'url', 'github', 'git'])[number % 6 + 1]::source_type,
      CASE number % 6
        WHEN 1 THEN 'group/subgroup/project-' || number
        WHEN 3 THEN 'https://example.com/documents/' || number
        WHEN 5 THEN 'ssh://git@git.example.com/team/repository-' || number || '.git'
        WHEN 2 THEN 'company-' || ${owner} || '/repository-' || number
        ELSE 'user-' || ${owner} || '/repository-' || number
      END,
      CASE WHEN number % 4 > 0 THEN 'Import number ' || number END,
      CASE WHEN number % 3 > 0 THEN 'Notes on the imported source: "' || md5(project || '.' || number) || '"' END,
      ${time}, ${time}
    FROM generate_series(1, ${maxPerProject}) AS number, ${projects}
    WHERE number <= ${size};

    INSERT INTO user_files (id, neptun_user_id, title, text, language, extension, created_at, updated_at)
    SELECT
      ("user" - 1) * ${files} + number, "user", 'file-' || number || '.ts',
      repeat('export const answer = "' || md5("user" || '.' || number) || E'"\\n', 4), 'typescript', 'ts',
      timestamptz '2025-02-16 17:42:11.123Z' + number * interval '1 hour',
      timestamptz '2025-02-16 17:42:11.123Z' + number * interval '2 hours'
    FROM generate_series(1, ${files}) AS number, generate_series(1, ${users}) AS "user";

    INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id)
    SELECT project, (${owner} - 1) * ${files} + (project * 7 + number) % ${files} + 1, ${owner}
    FROM generate_series(1, ${maxPerProject}) AS number, ${projects}
    WHERE number <= ${size};

    SELECT setval('users_id_seq', max(id)) FROM users;
    SELECT setval('projects_id_seq', max(id)) FROM projects;
    SELECT setval('user_files_id_seq', max(id)) FROM user_files;

    -- One import from an account for which its user has no installation.
    UPDATE imports SET source_path = 'stranger/repository'
    WHERE id = (
      SELECT min(id) FROM imports WHERE project_id = ${users * perProject.length} AND source_type = 'github'
    );`
}

/**
 * Fills an empty database. Triggers and foreign keys are disabled, so the SQL itself sets those counters of a project
 * that the service reads.
 */
export async function loadData(databaseUrl: string, dataset: Dataset): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('SET session_replication_role = replica')
    await client.query(LOAD(dataset))
    await client.query('VACUUM ANALYZE')
    await client.query('CHECKPOINT')
  })
}

/** Deletes the imports that a measurement has created, so that all contenders work on the same tables. */
export async function removeWritten(databaseUrl: string, { users, perProject }: Dataset): Promise<void> {
  const loaded = (users * perProject.reduce((sum, count) => sum + count, 0)).toString()
  await withClient(databaseUrl, async (client) => {
    // Triggers update the counters of the projects.
    await client.query('DELETE FROM imports WHERE id > $1', [loaded])
    await client.query('VACUUM imports, projects')
  })
}
