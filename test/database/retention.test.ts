import t from 'tap'
import { deleteExpired } from '../../src/database/retention.js'
import { startApp, until } from '../support/app.js'

/** In milliseconds. */
const HOUR = 3_600_000

t.test('sessions and webhook deliveries are deleted 30 days after they ended or arrived, in batches', async (t) => {
  const { sql, log } = await startApp(t, {}, { retentionInterval: 200 })
  await sql(`DELETE FROM sessions`)
  const idsOfSessions = async () => (await sql('SELECT id FROM sessions ORDER BY id')).map(({ id }) => id)
  const insert = async (count: number, expires: string, revoked = 'NULL') =>
    await sql(
      `INSERT INTO sessions (token_hash, neptun_user_id, expires_at, revoked_at)
      SELECT sha256(convert_to($1 || number, 'UTF8')), 1, ${expires}, ${revoked} FROM generate_series(1, ${count}) AS number`,
      [expires + revoked],
    )
  await insert(1, `now() + interval '1 day'`)
  await insert(1, `'infinity'`)
  await insert(1, `now() - interval '29 days'`)
  await insert(1, `'infinity'`, `now() - interval '29 days'`)
  const kept = await idsOfSessions()
  await insert(700, `now() - interval '31 days'`)
  await insert(700, `'infinity'`, `now() - interval '31 days'`)
  await sql(`INSERT INTO github_deliveries (id, event, received_at)
    SELECT gen_random_uuid(), 'installation', now() - number * interval '1 day' FROM generate_series(1, 59) AS number`)
  await until(async () => {
    const [row] = await sql(`SELECT (SELECT count(*)::int FROM sessions) AS sessions,
      (SELECT count(*)::int FROM github_deliveries) AS deliveries`)
    return row?.['sessions'] === kept.length && row['deliveries'] === 29
  }, 'the expired rows are deleted')
  t.same(await idsOfSessions(), kept)
  await until(() => log.some((line) => line.includes('deleted expired rows')), 'the deletion is logged')
})

t.test('sessions are deleted 30 days after SESSION_IDLE_TIMEOUT or SESSION_MAX_AGE ended them', async (t) => {
  const { sql, database } = await startApp(t)
  const all = ['idle 29 days', 'idle 31 days', 'old 29 days', 'old 32 days']
  for (const [limits, expected] of [
    [{}, all],
    [{ SESSION_IDLE_TIMEOUT: HOUR }, ['idle 29 days', 'old 29 days', 'old 32 days']],
    [{ SESSION_MAX_AGE: 24 * HOUR }, ['idle 29 days', 'idle 31 days', 'old 29 days']],
  ] as const) {
    await sql('DELETE FROM sessions')
    await sql(`INSERT INTO sessions (token_hash, neptun_user_id, expires_at, created_at, last_used_at)
      SELECT sha256(convert_to(name, 'UTF8')), 1, 'infinity', created_at, last_used_at FROM (VALUES
        ('idle 29 days', now(), now() - interval '29 days'),
        ('idle 31 days', now(), now() - interval '31 days'),
        ('old 29 days', now() - interval '29 days', now()),
        ('old 32 days', now() - interval '32 days', now())) AS session (name, created_at, last_used_at)`)
    await deleteExpired(database, limits)
    const left = await sql(
      `SELECT name FROM unnest($1::text[]) AS name JOIN sessions ON token_hash = sha256(convert_to(name, 'UTF8'))
      ORDER BY name`,
      [all],
    )
    const names = left.map((row) => row['name'])
    t.same(names, expected, JSON.stringify(limits))
  }
})
