import { type SchemaOptions, type Static, Type } from '@sinclair/typebox'
import { SourceType } from '../../../src/database/generated/enums.js'

const Id = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
const Time = Type.Unsafe<Date>(Type.String({ format: 'date-time' }))

/** Uses `type: ['string', 'null']`, since Ajv's type coercion would turn null into an empty string in a union. */
const NullableText = (options: SchemaOptions) => Type.Unsafe<string | null>({ ...options, type: ['string', 'null'] })

const sourceType = Type.Unsafe<SourceType>({
  type: 'string',
  enum: Object.values(SourceType),
})
const sourcePath = Type.String({ minLength: 1, maxLength: 2048 })
const title = NullableText({ minLength: 1, maxLength: 255 })
const description = NullableText({ maxLength: 10_000 })

export const ProjectParams = Type.Object({ user_id: Id, project_id: Id })
export const ListQuery = Type.Object({ source_type: Type.Optional(sourceType) })
export const NoQuery = Type.Object({})

export const CreateImportBody = Type.Object({
  source_type: sourceType,
  source_path: sourcePath,
  title: Type.Optional(title),
  description: Type.Optional(description),
})
export type CreateImportBody = Static<typeof CreateImportBody>

export const Import = Type.Object({
  id: Id,
  source_type: sourceType,
  source_path: sourcePath,
  title,
  description,
  created_at: Time,
  updated_at: Time,
  neptun_user_id: Id,
  project_id: Id,
})
export type Import = Static<typeof Import>

export const UserFile = Type.Object({
  id: Id,
  title: Type.String(),
  text: Type.String(),
  language: Type.String(),
  extension: Type.String(),
  created_at: Time,
  updated_at: Time,
  neptun_user_id: Id,
})
export type UserFile = Static<typeof UserFile>

export const ErrorBody = Type.Object({
  statusCode: Type.Integer(),
  code: Type.String(),
  message: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
})
export type ErrorBody = Static<typeof ErrorBody>
