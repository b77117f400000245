import type { Command } from 'commander'
import type { LinkDescriptor } from '../projects-resources/links/descriptor.js'
import type { LinkRepository } from '../projects-resources/links/repository.js'
import { addCommand, addNoun } from './command.js'
import { withDatabaseUrl } from './database.js'
import { type Answer, notFound, table } from './output.js'
import { id, option, type Rule, required } from './values.js'

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

type Resource = Record<string, string | number | null> & { id: number; created_at: string }

/** Read later, with all that is known of its type. */
const data: Rule<string> = { must: 'JSON', read: (text) => text }

/** Adds `resource create`, `resource list` and `resource delete`, each with a command for every type of resource. */
export function addResourceCommands(program: Command): void {
  const resource = addNoun(program, 'resource', 'What projects can link: the files, the collections, ... of a user.')
  const create = addNoun(resource, 'create', 'Add one to what a user has, and link it to a project or not.')
  const list = addNoun(resource, 'list', 'List what a user has of one type.')
  const remove = addNoun(resource, 'delete', 'Delete one, and its links to projects.')
  // The types, and the schemas that they are made of, are loaded when they are asked for: nobody else waits for them.
  program.hook('preSubcommand', async (_, command) => {
    if (command !== resource) return
    const { LINK_DESCRIPTORS } = await import('../projects-resources/links/index.js')
    for (const descriptor of LINK_DESCRIPTORS) {
      addCreate(create, descriptor)
      addList(list, descriptor)
      addDelete(remove, descriptor)
    }
  })
}

function addCreate(parent: Command, descriptor: LinkDescriptor): void {
  const { slug, noun, create, example } = descriptor
  const json = JSON.stringify(example).replaceAll("'", "'\\''")
  addCommand(parent, {
    name: slug,
    description: `Add a ${noun}. Prints the id on stdout.`,
    options: [
      required('--user <id>', 'the user to whom it belongs', id),
      required('--data <json>', `an object with ${Object.keys(create.properties).join(', ')}; - reads stdin`, data),
      option('--project <id>', 'link it to this project of the user too', id),
    ],
    examples: [
      `resource create ${slug} --user 1 --data '${json}'`,
      `resource create ${slug} --user 1 --project 1 --data - < data.json`,
    ],
    run: async (options: CreateResource) => {
      // With the schemas, like them: nobody else waits for it.
      const { readValues } = await import('./resource-data.js')
      const values = await readValues(descriptor, options.data)
      return await withRepository(descriptor, (repository) => createResource(repository, descriptor, options, values))
    },
  })
}

function addList(parent: Command, descriptor: LinkDescriptor): void {
  const { slug, noun } = descriptor
  addCommand(parent, {
    name: slug,
    description: `List every ${noun} of a user.`,
    options: [required('--user <id>', 'the user', id)],
    examples: [`resource list ${slug} --user 1`, `resource list ${slug} --user 1 --json`],
    run: ({ user }: ListResources) =>
      withRepository(descriptor, (repository) => listResources(repository, descriptor, user)),
  })
}

function addDelete(parent: Command, descriptor: LinkDescriptor): void {
  const { slug, noun } = descriptor
  addCommand(parent, {
    name: slug,
    description: `Delete a ${noun}, and its links to projects.`,
    options: [required('--user <id>', 'the user to whom it belongs', id), required('--id <id>', 'its id', id)],
    examples: [`resource delete ${slug} --user 1 --id 12`],
    run: (options: DeleteResource) =>
      withRepository(descriptor, async (repository) => {
        const json = await repository.remove(options.user, options.id)
        if (json === null) throw notFound(`user ${options.user} has no ${noun} ${options.id}`)
        return { json: JSON.parse(json), text: `Deleted ${noun} ${options.id} of user ${options.user}.` }
      }),
  })
}

async function createResource(
  repository: LinkRepository,
  { noun }: LinkDescriptor,
  { user, project }: CreateResource,
  values: Record<string, unknown>,
): Promise<Answer> {
  const outcome = project
    ? await repository.create({ userId: user, projectId: project }, values)
    : await repository.createUnlinked(user, values)
  if (outcome === null) throw notFound(`there is no user ${user}`)
  if (outcome === 'no-project' || outcome === 'no-resource') throw notFound(`user ${user} has no project ${project}`)
  const json: Resource = JSON.parse(typeof outcome === 'string' ? outcome : outcome.json)
  const link = project ? ` and linked it to project ${project}` : ''
  return { json, text: String(json.id), note: `Created ${noun} ${json.id} of user ${user}${link}.` }
}

async function listResources(repository: LinkRepository, descriptor: LinkDescriptor, user: number): Promise<Answer> {
  const list = await repository.listOwned(user)
  if (list === null) throw notFound(`there is no user ${user}`)
  const json: Resource[] = JSON.parse(`[${list}]`)
  const short = Object.entries(descriptor.create.properties).filter(([, schema]) => (schema['maxLength'] ?? 0) <= 255)
  const rows = json.map((resource) => ({
    ID: resource.id,
    ...Object.fromEntries(short.map(([name]) => [name.replaceAll('_', ' ').toUpperCase(), resource[name] ?? null])),
    CREATED: new Date(resource.created_at),
  }))
  return { json, text: table(rows), ...(rows.length === 0 && { note: `User ${user} has no ${descriptor.slug}.` }) }
}

/** The statements on one type of resource, on a connection that is closed whatever happens. */
async function withRepository<T>(
  descriptor: LinkDescriptor,
  use: (repository: LinkRepository) => Promise<T>,
): Promise<T> {
  return await withDatabaseUrl(async (connectionString) => {
    const [{ openConnection }, { createLinkRepository }] = await Promise.all([
      import('./pool.js'),
      import('../projects-resources/links/repository.js'),
    ])
    const pool = openConnection(connectionString)
    try {
      return await use(createLinkRepository({ pool, reads: pool, writes: pool }, descriptor))
    } finally {
      await pool.end()
    }
  })
}
