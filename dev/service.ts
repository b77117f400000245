// The process of the service under `npm run dev`.
import { once } from 'node:events'
import { withClient } from '../src/database/database.js'
import { applyMigrations } from '../src/database/migrations.js'
import { demo, demoCurl, seedDemoData } from '../src/demo-data.js'

// Exit when the parent process ends, even if it is killed with SIGKILL.
process.once('disconnect', () => process.exit(1))
// Errors are ignored, because the server reports an unusable database itself.
const isPrepared = await prepare(process.env['DATABASE_URL'] ?? '').catch(() => false)
await import('../src/server.js')
// server.ts sends its address to run.ts, which sends it back only the first time. So it is printed only once.
const [{ address }] = (await once(process, 'message')) as [{ address: string }]
process.stdout.write(`\n${describe(address).join('\n')}\n\n`)

/**
 * Applies migrations, and writes the demonstration data if there are no users.
 * @returns whether the database has that data
 */
async function prepare(databaseUrl: string): Promise<boolean> {
  await applyMigrations(databaseUrl)
  // 0.3 s faster than hasDemoData(), which opens a pool and a Prisma client.
  const sql = 'SELECT FROM users WHERE id = $1 AND email = $2'
  const { rowCount } = await withClient(databaseUrl, (client) => client.query(sql, [demo.user.id, demo.user.email]))
  return rowCount === 1 || (await seedDemoData(databaseUrl, 'development'))
}

function describe(address: string): string[] {
  // An unspecified address means all addresses. Clients cannot connect to it.
  const url = address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const heading = `Listening on ${url} (press Ctrl-C to stop)`
  if (!isPrepared) return [heading, 'The database has other users, or writing the demonstration data failed']
  const { id, email, projectId, token } = demo.user
  const user = `Demonstration user ${id} (${email}), project ${projectId}, session ${token}. Try it:`
  return [heading, user, `API documentation, with the demonstration user signed in: ${url}/docs`, '', demoCurl(url)]
}
