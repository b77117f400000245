import type { Command } from 'commander'
import type { CreateFileBody } from '../projects-resources/files/schemas.js'
import { addCommand, addGroup } from './command.js'
import { type Database, orNotFound, withDatabase } from './database.js'
import { id, json, required } from './options.js'
import { type CommandResult, listResult, notFound } from './output.js'

interface ProjectRef {
  user: number
  project: number
}

interface CreateFile extends ProjectRef {
  data: string
}

interface DeleteFile extends ProjectRef {
  id: number
}

const PROJECT_OPTIONS = [
  required('--user <id>', 'owner of the project', id),
  required('--project <id>', 'id of the project', id),
]

/** Adds `file create`, `file list` and `file delete`. */
export function addFileCommands(program: Command): void {
  const file = addGroup(program, 'file', 'Manage the files of projects.').alias('files')
  addCommand(file, {
    name: 'create',
    description: 'Create a file in a project. Prints its id to stdout.',
    options: [
      ...PROJECT_OPTIONS,
      required(
        '--data <json>',
        'JSON object with title, original_path, context_file_category, context_file_type and text, and optionally ' +
          'language and extension; - for stdin',
        json,
      ),
    ],
    examples: ['file create --user 1 --project 1 --data - < file.json'],
    run: async (options: CreateFile) => {
      // Loaded on demand, since loading the schemas is slow.
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
    options: PROJECT_OPTIONS,
    examples: ['file list --user 1 --project 1', 'file list --user 1 --project 1 --json'],
    run: (options: ProjectRef) => withDatabase((database) => listFiles(database, options)),
  })
  addCommand(file, {
    name: 'delete',
    description: 'Delete a file of a project.',
    options: [...PROJECT_OPTIONS, required('--id <id>', 'id of the file', id)],
    examples: ['file delete --user 1 --project 1 --id 12'],
    run: (options: DeleteFile) => withDatabase((database) => deleteFile(database, options)),
  })
}

const noProject = ({ user, project }: ProjectRef) => `user ${user} has no project ${project}`

async function createFile({ prisma }: Database, ref: ProjectRef, values: CreateFileBody): Promise<CommandResult> {
  const data = { ...values, neptun_user_id: ref.user, project_id: ref.project }
  const file = await prisma.contextFile.create({ data }).catch(orNotFound(noProject(ref)))
  return { json: file, text: String(file.id), note: `Created file ${file.id} of project ${ref.project}.` }
}

async function listFiles({ prisma }: Database, ref: ProjectRef): Promise<CommandResult> {
  const { user, project } = ref
  const found = await prisma.project.findUnique({
    where: { id: project, neptun_user_id: user },
    select: { context_files: { orderBy: [{ created_at: 'asc' }, { id: 'asc' }] } },
  })
  if (!found) throw notFound(noProject(ref))
  const rows = found.context_files.map((file) => ({
    ID: file.id,
    TITLE: file.title,
    CATEGORY: file.context_file_category,
    TYPE: file.context_file_type,
    PATH: file.original_path,
    CREATED: file.created_at,
  }))
  return listResult(found.context_files, rows, `Project ${project} has no files.`)
}

async function deleteFile({ prisma }: Database, { user, project, id }: DeleteFile): Promise<CommandResult> {
  const file = await prisma.contextFile
    .delete({ where: { id, project_id: project, neptun_user_id: user } })
    .catch(orNotFound(`project ${project} of user ${user} has no file ${id}`))
  return { json: file, text: `Deleted file ${id} of project ${project}.` }
}
