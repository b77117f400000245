import type { Command } from 'commander'
import { modelOf } from '../database/model-of.js'
import type { ResourceDescriptor } from '../projects-resources/resources/descriptor.js'
import { presentRow } from '../projects-resources/resources/present.js'
import { addCommand, addGroup } from './command.js'
import { type Database, orNotFound, requireUser, withDatabase } from './database.js'
import { id, json, option, required } from './options.js'
import { type CommandResult, listResult, noneOf } from './output.js'

interface CreateResource {
  user: number
  data: string
  project?: number
}

interface ListResources {
  user: number
}

interface DeleteResource {
  user: number
  id: number
}

type Row = Record<string, string | number | null | Date> & { id: number; created_at: Date }

/** The methods of a resource's model that are used here. */
interface ModelDelegate {
  create(args: { data: object }): Promise<Row>
  upsert(args: { where: object; create: object; update: object }): Promise<Row>
  findMany(args: { where: object; orderBy: object }): Promise<Row[]>
  delete(args: { where: object }): Promise<Row>
}

/** Adds `resource create`, `resource list` and `resource delete`, each with a command per resource type. */
export function addResourceCommands(program: Command): void {
  const resource = addGroup(program, 'resource', 'Manage the resources of users, which projects can link.')
  const create = addGroup(resource, 'create', 'Create a resource, and optionally link it to a project.')
  const list = addGroup(resource, 'list', 'List the resources of a user.')
  const remove = addGroup(resource, 'delete', 'Delete a resource and its links to projects.')
  // Loaded on demand, since loading the schemas is slow.
  program.hook('preSubcommand', async (_, command) => {
    if (command !== resource) return
    const { RESOURCE_DESCRIPTORS } = await import('../projects-resources/resources/index.js')
    for (const descriptor of RESOURCE_DESCRIPTORS) {
      addCreate(create, descriptor)
      addList(list, descriptor)
      addDelete(remove, descriptor)
    }
  })
}

function addCreate(parent: Command, descriptor: ResourceDescriptor): void {
  const { slug, noun, verb, create, example, naturalKey } = descriptor
  const orUpdate = naturalKey ? ', or update it if the user already has it' : ''
  const exampleJson = JSON.stringify(example).replaceAll("'", "'\\''")
  addCommand(parent, {
    name: slug,
    description: `${verb} a ${noun}${orUpdate}. Prints its id to stdout.`,
    options: [
      required('--user <id>', `owner of the ${noun}`, id),
      required('--data <json>', `JSON object with ${Object.keys(create.properties).join(', ')}; - for stdin`, json),
      option('--project <id>', 'link it to this project of the user', id),
    ],
    examples: [
      `resource create ${slug} --user 1 --data '${exampleJson}'`,
      `resource create ${slug} --user 1 --project 1 --data - < data.json`,
    ],
    run: async (options: CreateResource) => {
      // Loaded on demand, like the schemas.
      const { readValues } = await import('./resource-data.js')
      const values = await readValues(descriptor, options.data)
      return await withDatabase((database) => createResource(database, descriptor, options, values))
    },
  })
}

function addList(parent: Command, descriptor: ResourceDescriptor): void {
  const { slug } = descriptor
  addCommand(parent, {
    name: slug,
    description: `List the ${slug} of a user.`,
    options: [required('--user <id>', 'id of the user', id)],
    examples: [`resource list ${slug} --user 1`, `resource list ${slug} --user 1 --json`],
    run: ({ user }: ListResources) => withDatabase((database) => listResources(database, descriptor, user)),
  })
}

function addDelete(parent: Command, descriptor: ResourceDescriptor): void {
  const { slug, noun } = descriptor
  addCommand(parent, {
    name: slug,
    description: `Delete a ${noun} and its links to projects.`,
    options: [required('--user <id>', `owner of the ${noun}`, id), required('--id <id>', `id of the ${noun}`, id)],
    examples: [`resource delete ${slug} --user 1 --id 12`],
    run: (options: DeleteResource) => withDatabase((database) => deleteResource(database, descriptor, options)),
  })
}

async function createResource(
  database: Database,
  descriptor: ResourceDescriptor,
  { user, project }: CreateResource,
  values: Record<string, unknown>,
): Promise<CommandResult> {
  const { naturalKey } = descriptor
  const links = project ? { projects: { createMany: { data: [{ project_id: project }], skipDuplicates: true } } } : {}
  const data = { ...values, neptun_user_id: user, ...links }
  const key = naturalKey && { neptun_user_id: user, [naturalKey]: values[naturalKey] }
  const rows = delegate(database, descriptor)
  const row = await (key
    ? rows.upsert({
        where: { [`neptun_user_id_${naturalKey}`]: key },
        create: data,
        update: { ...values, ...links },
      })
    : rows.create({ data })
  ).catch(orNotFound(project ? `user ${user} has no project ${project}` : `user ${user} does not exist`))
  const link = project ? ` and linked it to project ${project}` : ''
  const note = `${naturalKey ? 'Stored' : 'Created'} ${descriptor.noun} ${row.id} of user ${user}${link}.`
  return { json: present(descriptor, row), text: String(row.id), note }
}

async function listResources(database: Database, descriptor: ResourceDescriptor, user: number): Promise<CommandResult> {
  await requireUser(database, user)
  const where = { neptun_user_id: user }
  const resources = await delegate(database, descriptor).findMany({ where, orderBy: { id: 'asc' } })
  const short = Object.entries(descriptor.create.properties).filter(([, { maxLength = 0 }]) => maxLength <= 255)
  const rows = resources.map((row) => ({
    ID: row.id,
    ...Object.fromEntries(short.map(([name]) => [name.replaceAll('_', ' ').toUpperCase(), row[name] ?? null])),
    CREATED: row.created_at,
  }))
  const json = resources.map((row) => present(descriptor, row))
  return listResult(json, rows, noneOf(descriptor.slug, user))
}

async function deleteResource(
  database: Database,
  descriptor: ResourceDescriptor,
  { user, id }: DeleteResource,
): Promise<CommandResult> {
  const row = await delegate(database, descriptor)
    .delete({ where: { id, neptun_user_id: user } })
    .catch(orNotFound(`user ${user} has no ${descriptor.noun} ${id}`))
  return { json: present(descriptor, row), text: `Deleted ${descriptor.noun} ${id} of user ${user}.` }
}

const delegate = ({ prisma }: Database, { model }: ResourceDescriptor) => modelOf<ModelDelegate>(prisma, model)

const present = (descriptor: ResourceDescriptor, row: Row) =>
  presentRow(descriptor.resource.properties, descriptor, row)
