import type { Command } from 'commander'
import { addCommand } from './command.js'
import { withDatabaseUrl } from './database.js'
import { option, url } from './options.js'
import { type Answer, CommandError } from './output.js'

interface WriteDemo {
  url: string
}

/** Adds `demo`. */
export function addDemoCommand(program: Command): void {
  addCommand(program, {
    name: 'demo',
    description:
      'Write the demonstration data, if there is no user yet: users, projects and sessions whose tokens everyone ' +
      'knows. Refused unless NODE_ENV is development. Prints a cURL line to try it with.',
    options: [option('--url <url>', 'where the service listens, for that line', url).default('http://127.0.0.1:3000')],
    examples: ['demo', 'demo --url http://127.0.0.1:8080'],
    run: writeDemo,
  })
}

async function writeDemo({ url }: WriteDemo): Promise<Answer> {
  return await withDatabaseUrl(async (databaseUrl) => {
    // Production is the default, as for the service itself.
    if (process.env['NODE_ENV']?.trim() !== 'development') {
      throw new CommandError('PRODUCTION', 'demonstration data is not for production: set NODE_ENV=development')
    }
    const { demo, demoCurl, hasDemoData, seedDemoData } = await import('../demo-data.js')
    const written = await seedDemoData(databaseUrl, 'development')
    if (!written && !(await hasDemoData(databaseUrl))) {
      throw new CommandError('CONFLICT', 'the database has users of its own: it is left as it is')
    }
    const { id, projectId, token } = demo.user
    const what = `user ${id}, project ${projectId}, session ${token}`
    return {
      json: { written, user_id: id, project_id: projectId, token },
      text: demoCurl(url),
      note: `${written ? 'Wrote the demonstration data' : 'The demonstration data is there already'}: ${what}.`,
    }
  })
}
