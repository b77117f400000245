import { type Static, Type } from '@sinclair/typebox'
import { Id, NullableText, OneOf, ProjectPath, Text, Time } from '../../schemas.js'
import { PageQuery } from '../paging.js'
import { SOURCE_TYPES } from './source-path.js'

const sourceType = OneOf(SOURCE_TYPES, { description: 'Where the import comes from.' })
const sourcePath = Text(1, 2048, { description: 'In the format of the source_type; stored in its canonical form.' })
const title = NullableText(1, 255)
const description = NullableText(0, 10_000)

const Import = Type.Object({
  id: Id(),
  source_type: sourceType,
  source_path: sourcePath,
  title,
  description,
  created_at: Time(),
  updated_at: Time(),
  neptun_user_id: Id(),
  project_id: Id(),
})

export const ImportBody = Type.Object({ import: Import })
export const ImportsBody = Type.Object({ imports: Type.Array(Import) })

const writable = {
  source_type: sourceType,
  source_path: sourcePath,
  title: Type.Optional(title),
  description: Type.Optional(description),
}

export const CreateImportBody = Type.Object(writable, {
  examples: [
    {
      source_type: 'github',
      source_path: 'username/repository',
      title: 'My GitHub Import',
      description: 'Importing from GitHub repository',
    },
  ],
})
export type CreateImportBody = Static<typeof CreateImportBody>

export const UpdateImportBody = Type.Partial(Type.Object(writable), {
  description: 'At least one of the four. What is not there stays as it is.',
  examples: [{ title: 'Updated GitHub Import', description: 'Updated import from GitHub repository' }],
})
export type UpdateImportBody = Static<typeof UpdateImportBody>

export const ProjectParams = Type.Object(ProjectPath)
export const ImportParams = Type.Object({ ...ProjectPath, import_id: Id() })

export const ListImportsQuery = Type.Object({ source_type: Type.Optional(sourceType), ...PageQuery })
