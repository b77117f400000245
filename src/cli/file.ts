import type { Command } from 'commander'
import type { CreateFileBody } from '../projects-resources/files/schemas.js'
import { addCommand, addNoun } from './command.js'
import { type Database, orNotFound, withDatabase } from './database.js'
import { id, json, required } from './options.js'
import { type Answer, notFound, table } from './output.js'

interface Place {
  user: number
  project: number
}

interface CreateFile extends Place {
  data: string
}

interface DeleteFile extends Place {
  id: number
}

const PLACE = [
  required('--user <id>', 'the user whose project it is', id),
  required('--project <id>', 'the project', id),
]

/** Adds `file create`, `file list` and `file delete`. */
export function addFileCommands(program: Command): void {
  const file = addNoun(program, 'file', 'The files that belong to a project itself.').alias('files')
  addCommand(file, {
    name: 'create',
    description: 'Add a file to a project. Prints the id on stdout.',
    options: [
      ...PLACE,
      required(
        '--data <json>',
        'an object with title, original_path, context_file_category, context_file_type and text, and optionally language and extension; - reads stdin',
        json,
      ),
    ],
    examples: ['file create --user 1 --project 1 --data - < file.json'],
    run: async (options: CreateFile) => {
      // Loaded on demand: other commands need not wait for the schemas.
      const [{ readValues }, { CreateFileBody }, { checkTextSize }] = await Promise.all([
        import('./resource-data.js'),
        import('../projects-resources/files/schemas.js'),
        import('../projects-resources/file-text.js'),
      ])
      const rules = { create: CreateFileBody, check: checkTextSize, toColumns: (values: object) => ({ ...values }) }
      const values = await readValues(rules, options.data)
      return await withDatabase((database) => createFile(database, options, values as CreateFileBody))
    },
  })
  addCommand(file, {
    name: 'list',
    description: 'List the files of a project.',
    options: PLACE,
    examples: ['file list --user 1 --project 1', 'file list --user 1 --project 1 --json'],
    run: (options: Place) => withDatabase((database) => listFiles(database, options)),
  })
  addCommand(file, {
    name: 'delete',
    description: 'Delete a file of a project.',
    options: [...PLACE, required('--id <id>', 'its id', id)],
    examples: ['file delete --user 1 --project 1 --id 12'],
    run: (options: DeleteFile) => withDatabase((database) => deleteFile(database, options)),
  })
}

const noProject = ({ user, project }: Place) => `user ${user} has no project ${project}`

async function createFile({ prisma }: Database, place: Place, values: CreateFileBody): Promise<Answer> {
  const data = { ...values, neptun_user_id: place.user, project_id: place.project }
  const file = await prisma.contextFile.create({ data }).catch(orNotFound(noProject(place)))
  return { json: file, text: String(file.id), note: `Created file ${file.id} of project ${place.project}.` }
}

async function listFiles({ prisma }: Database, place: Place): Promise<Answer> {
  const { user, project } = place
  const found = await prisma.project.findUnique({
    where: { id: project, neptun_user_id: user },
    select: { context_files: { orderBy: [{ created_at: 'asc' }, { id: 'asc' }] } },
  })
  if (!found) throw notFound(noProject(place))
  const rows = found.context_files.map((file) => ({
    ID: file.id,
    TITLE: file.title,
    CATEGORY: file.context_file_category,
    TYPE: file.context_file_type,
    PATH: file.original_path,
    CREATED: file.created_at,
  }))
  const note = rows.length === 0 ? { note: `Project ${project} has no files.` } : {}
  return { json: found.context_files, text: table(rows), ...note }
}

async function deleteFile({ prisma }: Database, { user, project, id }: DeleteFile): Promise<Answer> {
  const file = await prisma.contextFile
    .delete({ where: { id, project_id: project, neptun_user_id: user } })
    .catch(orNotFound(`project ${project} of user ${user} has no file ${id}`))
  return { json: file, text: `Deleted file ${id} of project ${project}.` }
}
