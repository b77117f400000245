import { type Static, Type } from '@sinclair/typebox'
import { Id, NullableText, OneOf, PageQuery, Text, Time } from '../../schemas.js'
import { SOURCE_TYPES } from './source-path/index.js'

const sourceType = OneOf(SOURCE_TYPES, { description: 'Where the import comes from.' })
const sourcePath = Text(1, 2048, { description: 'In the format of the source_type; stored in its canonical form.' })
const title = NullableText(1, 255)
const description = NullableText(0, 10_000)

const properties = {
  id: Id(),
  source_type: sourceType,
  source_path: sourcePath,
  title,
  description,
  created_at: Time(),
  updated_at: Time(),
  neptun_user_id: Id(),
  project_id: Id(),
}
/** As it is shown. */
export const Import = Type.Object(properties, { title: 'Import' })

export const ImportBody = Type.Object({ import: Import }, { title: 'ImportBody' })
export const ImportsBody = Type.Object({ imports: Type.Array(Import) }, { title: 'ImportsBody' })

const duplicates = Type.Array(Id(), { description: "The project's other imports of the same source, oldest first." })

const NewImportPreview = Type.Object({ ...properties, id: Type.Null() })

export const NewImportPreviewBody = Type.Object(
  { import: NewImportPreview, duplicates },
  {
    title: 'NewImportPreviewBody',
    description: 'Of a dry run: the import as it would be. Its id is null, since it has none.',
  },
)

export const ChangedImportBody = Type.Object(
  {
    import: Import,
    duplicates: Type.Optional({ ...duplicates, description: `Only of a dry run. ${duplicates.description}` }),
  },
  { title: 'ChangedImportBody' },
)

const writable = {
  source_type: sourceType,
  source_path: sourcePath,
  title: Type.Optional(title),
  description: Type.Optional(description),
}

export const CreateImportBody = Type.Object(writable, {
  title: 'CreateImportBody',
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
  title: 'UpdateImportBody',
  description: 'At least one of the four. What is not there stays as it is.',
  examples: [{ title: 'Updated GitHub Import', description: 'Updated import from GitHub repository' }],
})
export type UpdateImportBody = Static<typeof UpdateImportBody>

export const ImportParams = Type.Object({ import_id: Id({ examples: [123] }) })

export const DryRunQuery = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({ description: 'Check everything, store nothing, and show what would be stored.' }),
  ),
})

export const ListImportsQuery = Type.Object({ source_type: Type.Optional(sourceType), ...PageQuery })
