import type { Command } from 'commander'
import { addCommand } from './command.js'
import { withDatabaseUrl } from './database.js'
import { option, url } from './options.js'
import { CommandError, type CommandResult } from './output.js'

interface WriteDemo {
  url: string
}

/** Adds `demo`. */
export function addDemoCommand(program: Command): void {
  addCommand(program, {
    name: 'demo',
    description:
      'Insert demonstration data (users, projects, and sessions with publicly known tokens) if the database has no ' +
      'users. Requires NODE_ENV=development. Prints a curl command to try the service.',
    options: [
      option('--url <url>', 'base URL of the service, for the curl command', url).default('http://127.0.0.1:3000'),
    ],
    examples: ['demo', 'demo --url http://127.0.0.1:8080'],
    run: writeDemo,
  })
}

async function writeDemo({ url }: WriteDemo): Promise<CommandResult> {
  return await withDatabaseUrl(async (databaseUrl) => {
    // An unset NODE_ENV means production, as for the service itself.
    if (process.env['NODE_ENV']?.trim() !== 'development') {
      throw new CommandError('PRODUCTION', 'demonstration data requires NODE_ENV=development')
    }
    const { demo, demoCurl, hasDemoData, seedDemoData } = await import('../demo-data.js')
    const written = await seedDemoData(databaseUrl, 'development')
    if (!written && !(await hasDemoData(databaseUrl))) {
      throw new CommandError('CONFLICT', 'the database already has users: nothing was inserted')
    }
    const { id, projectId, token } = demo.user
    const credentials = `user ${id}, project ${projectId}, session ${token}`
    return {
      json: { written, user_id: id, project_id: projectId, token },
      text: demoCurl(url),
      note: `${written ? 'Inserted the demonstration data' : 'The demonstration data already exists'}: ${credentials}.`,
    }
  })
}
