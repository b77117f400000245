import t from 'tap'
import { startApp, until } from '../support/app.js'

t.test('ended sessions and webhook deliveries are deleted after 30 days, in batches', async (t) => {
  const { sql, log } = await startApp(t, {}, { retentionInterval: 200 })
  await sql(`DELETE FROM sessions`)
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
  const kept = (await sql('SELECT id FROM sessions ORDER BY id')).map(({ id }) => id)
  await insert(700, `now() - interval '31 days'`)
  await insert(700, `'infinity'`, `now() - interval '31 days'`)
  await sql(`INSERT INTO github_deliveries (id, event, received_at)
    SELECT gen_random_uuid(), 'installation', now() - number * interval '1 day' FROM generate_series(1, 59) AS number`)
  await until(async () => {
    const [row] = await sql(`SELECT (SELECT count(*)::int FROM sessions) AS sessions,
      (SELECT count(*)::int FROM github_deliveries) AS deliveries`)
    return row?.['sessions'] === kept.length && row['deliveries'] === 29
  }, 'the expired rows are deleted')
  t.same(
    (await sql('SELECT id FROM sessions ORDER BY id')).map(({ id }) => id),
    kept,
  )
  await until(() => log.some((line) => line.includes('deleted expired rows')), 'the deletion is logged')
})
