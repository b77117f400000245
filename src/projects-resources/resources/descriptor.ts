import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox'
import type { Prisma } from '../../database/generated/client.js'
import type { ValidationError } from '../../errors.js'

type Models = Prisma.TypeMap['model']

/** A Prisma model that projects can link: one for which there is a link model `Project...`. */
export type ResourceModelName = {
  [M in Prisma.ModelName]: `Project${M}` extends Prisma.ModelName ? M : never
}[Prisma.ModelName]

/** A row of the model. */
type Row<M extends ResourceModelName> = Models[M]['payload']['scalars']

/** The columns that can be written when a row is created. */
type NewRow<M extends ResourceModelName> = Extract<
  Models[M]['operations']['createMany']['args']['data'],
  readonly unknown[]
>[number]

/** Everything that distinguishes one type of resource from the others. */
export interface ResourceDefinition<
  M extends ResourceModelName = ResourceModelName,
  Create extends TObject = TObject,
  Resource extends TObject = TObject,
> {
  /** Its name in a path: `user-files`. With underscores, it is the name of the table. */
  slug: string
  /** Singular, for messages: `user file`. */
  noun: string
  model: M
  /** Body that creates one. Every property is a column. */
  create: Create
  /** Response. Every property is a column or computed. */
  resource: Resource
  /** Columns that no response shows. */
  hidden: Record<Exclude<keyof Row<M>, keyof Static<Resource>>, true>
  /** Response properties that are not columns. */
  computed: { [Name in Exclude<keyof Static<Resource>, keyof Row<M>>]: (row: Row<M>) => Static<Resource>[Name] }
  /** Column that identifies one among those of a user: creating the same one again updates it. */
  naturalKey?: keyof Row<M> & keyof Static<Create> & string
  /** Further columns that the service that owns the resources can write. Each property is optional, and a column. */
  provisioned?: TObject<Partial<Record<keyof Row<M> & string, TSchema>> & Record<string, TSchema>>
  /** Validates what the schema of `create` cannot express. */
  check?: (body: Record<string, unknown>) => ValidationError[]
  /** Converts a valid body that creates one to columns; by default, each property is its column. */
  toColumns?: (body: Static<Create>) => Partial<Row<M>>
  /** A body that creates one. */
  example: Static<Create>
  exampleResponse: Static<Resource>
}

/** A type of resource, for code that is generic over all of them. */
export interface ResourceDescriptor {
  slug: string
  noun: string
  create: TObject
  resource: TObject<Record<string, TSchema>>
  computed: Record<string, (row: Record<string, unknown>) => unknown>
  naturalKey?: string | undefined
  provisioned: TObject
  check?: ((body: Record<string, unknown>) => ValidationError[]) | undefined
  toColumns: (body: Record<string, unknown>) => Record<string, unknown>
  example: Record<string, unknown>
  exampleResponse: Record<string, unknown>
  /** Its name in the OpenAPI document: `UserFile`. */
  name: string
  /** Properties of the Prisma client: `userFile` and `projectUserFile`. */
  model: string
  linkModel: string
  /** `user_files` and `project_user_files`. */
  table: string
  linkTable: string
  /** Prefix of the counters of its links in `projects`: `user_file`. */
  counter: string
  /** Its id in a body that links it, and in the link table: `user_file_id`. */
  idField: string
}

/** Whether every column that the response shows has the type that its schema says. */
type Matches<M extends ResourceModelName, Resource extends TObject> =
  Pick<Row<M>, keyof Row<M> & keyof Static<Resource>> extends Pick<
    Static<Resource>,
    keyof Row<M> & keyof Static<Resource>
  >
    ? unknown
    : 'a column has another type than in the response schema'

/** Whether every property of a body that creates one is a column of that type. */
type Creates<M extends ResourceModelName, Create extends TObject> = keyof Static<Create> extends keyof NewRow<M>
  ? Static<Create> & { neptun_user_id: number } extends NewRow<M>
    ? unknown
    : 'a property has another type than its column'
  : 'a property is not a column'

/** Describes a type of resource. What contradicts its Prisma model does not compile. */
export function defineResource<M extends ResourceModelName, Create extends TObject, Resource extends TObject>(
  definition: ResourceDefinition<M, Create, Resource> & { resource: Matches<M, Resource>; create: Creates<M, Create> },
): ResourceDescriptor {
  const { slug, model, hidden: _, ...others } = definition as unknown as ResourceDefinition & ResourceDescriptor
  const table = slug.replaceAll('-', '_')
  const counter = table.replace(/s$/, '')
  return {
    ...others,
    provisioned: definition.provisioned ?? Type.Object({}),
    toColumns: definition.toColumns ? others.toColumns : (body) => body,
    slug,
    name: model,
    model: `${model.charAt(0).toLowerCase()}${model.slice(1)}`,
    linkModel: `project${model}`,
    table,
    linkTable: `project_${table}`,
    counter,
    idField: `${counter}_id`,
  }
}
