import { type Static, Type } from '@sinclair/typebox'
import {
  type FilterOf,
  Id,
  MAX_LIST_ITEMS,
  NullableOneOf,
  NullableText,
  nullEach,
  OneOf,
  pageQuery,
  Text,
  Time,
} from '../../schemas.js'
import { creationCursor } from '../creation-order.js'
import { exampleOf, SOURCE_TYPES } from './source-path/index.js'

const sourceType = OneOf(SOURCE_TYPES, { description: 'Kind of source.' })
const formats = SOURCE_TYPES.map((type) => `${type} \`${exampleOf(type)}\``).join(', ')
const sourcePath = Text(1, 2048, {
  description: `Location of the source, in the format of its source_type: ${formats}. Stored in canonical form.`,
})

/** Writable fields that can be null. */
const optional = {
  title: NullableText(1, 255),
  description: NullableText(0, 10_000),
}

/** Values of the optional fields that are absent from a request: the defaults of the database. */
export const ABSENT = nullEach(optional)

/** Example of the writable fields. */
export const EXAMPLE = {
  source_type: 'github' as const,
  source_path: 'username/repository',
  title: 'My GitHub Import',
  description: 'Importing from GitHub repository',
}

/** The fields of an import and of its preview. */
const content = { source_type: sourceType, source_path: sourcePath, ...optional }
const owner = { neptun_user_id: Id(), project_id: Id() }

/** An import in a response. */
export const Import = Type.Object(
  { id: Id(), ...content, created_at: Time(), updated_at: Time(), ...owner },
  { title: 'Import' },
)

export const ImportBody = Type.Object({ import: Import }, { title: 'ImportBody' })
export const ImportsBody = Type.Object(
  { imports: Type.Array(Import, { maxItems: MAX_LIST_ITEMS }) },
  { title: 'ImportsBody' },
)

const ImportPreview = Type.Object(
  { ...content, ...owner },
  { title: 'ImportPreview', description: 'An import as a create would store it, without id and timestamps.' },
)

export const ImportPreviewBody = Type.Object(
  {
    import: ImportPreview,
    duplicates: Type.Array(Id(), {
      maxItems: MAX_LIST_ITEMS,
      description: "Ids of the project's imports of the same source, oldest first.",
    }),
  },
  { title: 'ImportPreviewBody' },
)

export const CreateImportBody = Type.Object(
  { source_type: sourceType, source_path: sourcePath, ...Type.Partial(Type.Object(optional)).properties },
  { title: 'CreateImportBody', examples: [EXAMPLE] },
)
export type CreateImportBody = Static<typeof CreateImportBody>

export const UpdateImportBody = Type.Partial(
  Type.Object({
    source_type: NullableOneOf(SOURCE_TYPES, {
      description: `${sourceType.description} Null leaves the field unchanged.`,
    }),
    source_path: NullableText(1, 2048, { description: `${sourcePath.description} Null leaves the field unchanged.` }),
    ...optional,
  }),
  {
    title: 'UpdateImportBody',
    description:
      'At least one field is required. Absent fields are unchanged. Null counts as absent for `source_type` and ' +
      '`source_path`.',
    examples: [{ title: 'Updated GitHub Import', description: 'Updated import from GitHub repository' }],
  },
)
export type UpdateImportBody = Static<typeof UpdateImportBody>

export const ImportParams = Type.Object({ import_id: Id({ examples: [123] }) })

const filter = {
  source_type: Type.Optional(
    OneOf(SOURCE_TYPES, { description: 'Returns only imports of this type.', examples: ['github'] }),
  ),
}
export type ImportFilter = FilterOf<typeof filter>

export const ListImportsQuery = Type.Object({ ...filter, ...pageQuery(creationCursor.first) })
export type ListImportsQuery = Static<typeof ListImportsQuery>
