import type { Command } from 'commander'
import { addCommand } from './command.js'
import { withDatabaseUrl } from './database.js'
import { flag } from './options.js'
import { CommandError, type CommandResult } from './output.js'

/** Adds `migrate`. */
export function addMigrateCommand(program: Command): void {
  addCommand(program, {
    name: 'migrate',
    description: 'Apply pending migrations. Safe to run concurrently.',
    options: [flag('--check', 'apply nothing, and fail if migrations are pending')],
    examples: ['migrate', 'migrate --check'],
    run: (options: { check?: true }) => withDatabaseUrl(options.check ? check : migrate),
  })
}

async function migrate(databaseUrl: string): Promise<CommandResult> {
  const { applyMigrations, MigrationError } = await import('../database/migrations.js')
  const applied = await applyMigrations(databaseUrl, reportWait).catch(rethrow(MigrationError))
  const lines = applied.map((name) => `applied ${name}`)
  return { json: { applied }, text: lines.join('\n') || 'no pending migrations' }
}

const reportWait = (message: string) => void process.stderr.write(`${message}\n`)

async function check(databaseUrl: string): Promise<CommandResult> {
  const { checkMigrations, MigrationError } = await import('../database/migrations.js')
  await checkMigrations(databaseUrl).catch(rethrow(MigrationError))
  return { json: { pending: [] }, text: 'no pending migrations' }
}

const rethrow = (kind: new () => Error) => (error: unknown) => {
  throw error instanceof kind ? new CommandError('MIGRATIONS', error.message) : error
}
