import type { Command } from 'commander'
import { countOf } from '../count-of.js'
import { addCommand, addGroup } from './command.js'
import { type Database, orNotFound, requireUser, withDatabase } from './database.js'
import { flag, id, name, option, required } from './options.js'
import { CommandError, type CommandResult, listResult, noneOf, table } from './output.js'

interface CreateProject {
  user: number
  name: string
}

interface ListProjects {
  user?: number
}

/** Adds `project create`, `project list`, `project check` and `project delete`. */
export function addProjectCommands(program: Command): void {
  const project = addGroup(program, 'project', 'Manage projects, which have imports, files and links to resources.')
  addCommand(project, {
    name: 'create',
    description: 'Create a project. Prints its id to stdout.',
    options: [
      required('--user <id>', 'owner of the project', id),
      required('--name <name>', 'name, 1 to 255 characters', name),
    ],
    examples: ['project create --user 1 --name "My project"'],
    run: (options: CreateProject) => withDatabase((database) => createProject(database, options)),
  })
  addCommand(project, {
    name: 'list',
    description: 'List projects.',
    options: [option('--user <id>', 'only projects of this user', id)],
    examples: ['project list', 'project list --user 1 --json'],
    run: (options: ListProjects) => withDatabase((database) => listProjects(database, options)),
  })
  addCommand(project, {
    name: 'check',
    description:
      'Compare the counters of all projects (number and bytes of the rows in each list) with the rows. Fails if any ' +
      'counters are wrong, unless --repair is used.',
    options: [flag('--repair', 'recount the rows of projects with wrong counters')],
    examples: ['project check', 'project check --repair'],
    run: ({ repair }: { repair?: true }) => withDatabase((database) => checkCounters(database, repair === true)),
  })
  addCommand(project, {
    name: 'delete',
    description: "Delete a project with its imports, files and links. The user's resources are kept.",
    options: [required('--id <id>', 'id of the project', id)],
    examples: ['project delete --id 789'],
    run: (options: { id: number }) => withDatabase((database) => deleteProject(database, options.id)),
  })
}

async function checkCounters({ prisma }: Database, isRepair: boolean): Promise<CommandResult> {
  const { findWrongCounters, repairCounters } = await import('./project-counters.js')
  const wrong = await findWrongCounters(prisma)
  const projects = new Set(wrong.map(({ project_id }) => project_id))
  if (isRepair) for (const id of projects) await repairCounters(prisma, id)
  const rows = wrong.map((counter) => ({
    PROJECT: counter.project_id,
    LIST: counter.list,
    ROWS: `${counter.count}, actually ${counter.actual_count}`,
    BYTES: `${counter.bytes}, actually ${counter.actual_bytes}`,
  }))
  const text = table(rows)
  const lists = `${countOf(wrong.length, 'list')} of ${countOf(projects.size, 'project')}`
  if (wrong.length > 0 && !isRepair) {
    throw new CommandError(
      'WRONG_COUNTERS',
      `${lists} ${wrong.length === 1 ? 'has' : 'have'} wrong counters: use --repair`,
    )
  }
  const note = wrong.length > 0 ? `Repaired the counters of ${lists}.` : 'All counters are correct.'
  return { json: { repaired: wrong }, text, note }
}

async function deleteProject({ prisma }: Database, id: number): Promise<CommandResult> {
  const project = await prisma.project.delete({ where: { id } }).catch(orNotFound(`project ${id} does not exist`))
  return { json: project, text: `Deleted project ${id} of user ${project.neptun_user_id}.` }
}

async function createProject({ prisma, now }: Database, options: CreateProject): Promise<CommandResult> {
  const data = { name: options.name, neptun_user_id: options.user, created_at: now, updated_at: now }
  const project = await prisma.project.create({ data }).catch(orNotFound(`user ${options.user} does not exist`))
  return { json: project, text: String(project.id), note: `Created project ${project.id} of user ${options.user}.` }
}

async function listProjects(database: Database, { user }: ListProjects): Promise<CommandResult> {
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
  return listResult(projects, rows, noneOf('projects', user))
}
