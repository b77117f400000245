import type { Command } from 'commander'
import { addCommand } from './command.js'
import { withDatabaseUrl } from './database.js'
import { flag } from './options.js'
import { type Answer, CommandError } from './output.js'

/** Adds `migrate`. */
export function addMigrateCommand(program: Command): void {
  addCommand(program, {
    name: 'migrate',
    description: 'Apply the pending migrations. Any number of these may run at the same time.',
    options: [flag('--check', 'apply nothing; fail if any is pending')],
    examples: ['migrate', 'migrate --check'],
    run: (options: { check?: true }) => withDatabaseUrl(options.check ? check : migrate),
  })
}

async function migrate(databaseUrl: string): Promise<Answer> {
  const { applyMigrations, MigrationError } = await import('../database/migrations.js')
  const applied = await applyMigrations(databaseUrl, reportWait).catch(rethrow(MigrationError))
  const lines = applied.map((name) => `applied ${name}`)
  return { json: { applied }, text: lines.join('\n') || 'nothing was pending' }
}

const reportWait = (message: string) => void process.stderr.write(`${message}\n`)

async function check(databaseUrl: string): Promise<Answer> {
  const { checkMigrations, MigrationError } = await import('../database/migrations.js')
  await checkMigrations(databaseUrl).catch(rethrow(MigrationError))
  return { json: { pending: [] }, text: 'nothing is pending' }
}

const rethrow = (kind: new () => Error) => (error: unknown) => {
  throw error instanceof kind ? new CommandError('MIGRATIONS', error.message) : error
}
