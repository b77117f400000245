import type { Command } from 'commander'
import { addCommand, addNoun } from './command.js'
import { type Database, orNotFound, requireUser, withDatabase } from './database.js'
import { type Answer, table } from './output.js'
import { id, name, option, required } from './values.js'

interface CreateProject {
  user: number
  name: string
}

interface ListProjects {
  user?: number
}

/** Adds `project create` and `project list`. */
export function addProjectCommands(program: Command): void {
  const project = addNoun(program, 'project', 'The projects, which hold imports and link resources.')
  addCommand(project, {
    name: 'create',
    description: 'Add a project. Prints the id on stdout.',
    options: [
      required('--user <id>', 'the user whose project it is', id),
      required('--name <name>', 'the name, 1 to 255 characters', name),
    ],
    examples: ['project create --user 1 --name "My project"'],
    run: (options: CreateProject) => withDatabase((database) => createProject(database, options)),
  })
  addCommand(project, {
    name: 'list',
    description: 'List the projects.',
    options: [option('--user <id>', "this user's only", id)],
    examples: ['project list', 'project list --user 1 --json'],
    run: (options: ListProjects) => withDatabase((database) => listProjects(database, options)),
  })
}

async function createProject({ prisma, now }: Database, options: CreateProject): Promise<Answer> {
  const data = { name: options.name, neptun_user_id: options.user, created_at: now, updated_at: now }
  const project = await prisma.project.create({ data }).catch(orNotFound(`there is no user ${options.user}`))
  return { json: project, text: String(project.id), note: `Created project ${project.id} of user ${options.user}.` }
}

async function listProjects(database: Database, { user }: ListProjects): Promise<Answer> {
  if (user) await requireUser(database, user)
  const projects = await database.prisma.project.findMany({
    where: user ? { neptun_user_id: user } : {},
    orderBy: { id: 'asc' },
  })
  const rows = projects.map((project) => ({
    ID: project.id,
    USER: project.neptun_user_id,
    NAME: project.name,
    IMPORTS: project.import_count,
    CREATED: project.created_at,
  }))
  return { json: projects, text: table(rows), ...(rows.length === 0 && { note: 'There are no projects.' }) }
}
