import { type Static, type TString, Type } from '@sinclair/typebox'
import { type FilterOf, Id, MAX_LIST_ITEMS, Nullable, nullEach, pageQuery, Text, Time, Word } from '../../schemas.js'
import { creationCursor } from '../creation-order.js'
import { FileFields } from '../file-schemas.js'

const originalPath = Text(1, 2048, { description: 'Path from which the file was taken. Stored unchanged.' })
const category = Word(64, 'A-Za-z0-9._-', { description: 'Purpose of the file.' })
const type = Word(64, 'A-Za-z0-9._-', { description: 'Kind of file.' })

/** Columns that are never null. */
const required = {
  title: FileFields.title,
  original_path: originalPath,
  context_file_category: category,
  context_file_type: type,
  text: FileFields.text,
}

/** Columns that can be null. */
const optional = { language: Nullable(FileFields.language), extension: Nullable(FileFields.extension) }

/** Values of the optional columns that are absent from a request: the defaults of the database. */
export const ABSENT = nullEach(optional)

/** A file in a response. */
export const File = Type.Object(
  {
    id: Id(),
    ...required,
    ...optional,
    created_at: Time(),
    updated_at: Time(),
    neptun_user_id: Id(),
    project_id: Id(),
  },
  { title: 'File' },
)

export const FileBody = Type.Object({ file: File }, { title: 'FileBody' })
export const FilesBody = Type.Object({ files: Type.Array(File, { maxItems: MAX_LIST_ITEMS }) }, { title: 'FilesBody' })

export const CreateFileBody = Type.Object(
  { ...required, ...Type.Partial(Type.Object(optional)).properties },
  {
    title: 'CreateFileBody',
    examples: [
      {
        title: 'Dockerfile',
        original_path: 'docker/Dockerfile',
        context_file_category: 'container',
        context_file_type: 'dockerfile',
        text: 'FROM node:20-slim\n',
        language: 'dockerfile',
        extension: 'Dockerfile',
      },
    ],
  },
)
export type CreateFileBody = Static<typeof CreateFileBody>

/** Accepts null in each field, which leaves it unchanged. */
const unchangedIfNull = <Fields extends Record<string, TString>>(fields: Fields) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => {
      const description = `${schema.description ?? ''} Null leaves the field unchanged.`.trim()
      return [name, Nullable({ ...schema, description })]
    }),
  ) as { [Name in keyof Fields]: ReturnType<typeof Nullable> }

export const UpdateFileBody = Type.Partial(Type.Object({ ...unchangedIfNull(required), ...optional }), {
  title: 'UpdateFileBody',
  description:
    'At least one field is required. Absent fields are unchanged. Null counts as absent, except for `language` and ' +
    '`extension`.',
  examples: [{ title: 'Dockerfile of the service', text: 'FROM node:22-slim\n' }],
})
export type UpdateFileBody = Static<typeof UpdateFileBody>

/** Names of the fields that are never null. In an update, null leaves them unchanged. */
export const REQUIRED_FIELDS: readonly string[] = Object.keys(required)

export const FileParams = Type.Object({ context_file_id: Id({ examples: [123] }) })

const filter = {
  context_file_category: Type.Optional({
    ...category,
    description: 'Returns only files of this category.',
    examples: ['container'],
  }),
  context_file_type: Type.Optional({
    ...type,
    description: 'Returns only files of this type.',
    examples: ['dockerfile'],
  }),
}

export type FileFilter = FilterOf<typeof filter>

export const ListFilesQuery = Type.Object({ ...filter, ...pageQuery(creationCursor.first) })
export type ListFilesQuery = Static<typeof ListFilesQuery>
