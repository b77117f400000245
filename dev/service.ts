// The process of the service under `npm run dev`.
import { once } from 'node:events'
import { withClient } from '../src/database/database.js'
import { applyMigrations } from '../src/database/migrations.js'
import { demo, demoCurl, seedDemoData } from '../src/demo-data.js'

// The parent has ended, perhaps by `kill -9`.
process.once('disconnect', () => process.exit(1))
// If the database cannot be used, the server reports that.
const isPrepared = await prepare(process.env['DATABASE_URL'] ?? '').catch(() => false)
await import('../src/server.js')
// The parent sends the address back at the first start only.
const [{ address }] = (await once(process, 'message')) as [{ address: string }]
process.stdout.write(`\n${describe(address).join('\n')}\n\n`)

/** Writes the demonstration data if there is no user yet. @returns whether the database has it */
async function prepare(databaseUrl: string): Promise<boolean> {
  await applyMigrations(databaseUrl)
  // 0.3 s faster than hasDemoData(), which opens a pool and a Prisma client.
  const sql = 'SELECT FROM users WHERE id = $1 AND email = $2'
  const { rowCount } = await withClient(databaseUrl, (client) => client.query(sql, [demo.user.id, demo.user.email]))
  return rowCount === 1 || (await seedDemoData(databaseUrl, 'development'))
}

function describe(address: string): string[] {
  // Nobody can connect to an unspecified address, which stands for all.
  const url = address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const heading = `Listening on ${url} (Ctrl-C stops it and its database)`
  if (!isPrepared) return [heading, 'There is no demonstration data: the database has users of its own']
  const { id, email, projectId, token } = demo.user
  const user = `Demonstration user ${id} (${email}), project ${projectId}, session ${token}. Try it:`
  return [heading, user, `A page to try all calls on, signed in already: ${url}/docs`, '', demoCurl(url)]
}
