import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox'
import type { Prisma } from '../../database/generated/client.js'
import type { ValidationError } from '../../errors.js'

type Models = Prisma.TypeMap['model']

/** Name of a Prisma model that projects can link: one that has a link model `Project...`. */
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

/** Definition of a resource type. */
export interface ResourceDefinition<
  M extends ResourceModelName = ResourceModelName,
  Create extends TObject = TObject,
  Resource extends TObject = TObject,
> {
  /** Name in URL paths, such as `user-files`. With underscores, it is the name of the table. */
  slug: string
  /** Singular noun for messages, such as `user file`. */
  noun: string
  /** Verb for creating one, in texts: by default `Create`; `Record` for an object that exists elsewhere. */
  verb?: 'Record'
  model: M
  /** Schema of a body that creates a resource. Every property is a column. */
  create: Create
  /** Response schema. Every property is a column or computed. */
  resource: Resource
  /** Columns that responses of the public API do not contain. */
  hidden: Record<Exclude<keyof Row<M>, keyof Static<Resource>>, true>
  /** Response properties that are not columns. */
  computed: { [Name in Exclude<keyof Static<Resource>, keyof Row<M>>]: (row: Row<M>) => Static<Resource>[Name] }
  /**
   * Column that is unique per user. In the public API, if the user already has a resource with the value in the body, a
   * create updates that resource.
   */
  naturalKey?: keyof Row<M> & keyof Static<Create> & string
  /** Additional columns that only a body of the internal API can contain. Every property is optional. */
  provisioned?: TObject<Partial<Record<keyof Row<M> & string, TSchema>> & Record<string, TSchema>>
  /** Validates a new resource against rules that JSON Schema cannot express. */
  check?: (body: Record<string, unknown>) => ValidationError[]
  /** Converts a valid body that creates a resource to columns. By default, each property is one column. */
  toColumns?: (body: Static<Create>) => Partial<Row<M>>
  /** Example of a body that creates a resource. */
  example: Static<Create>
  /** Example of a response. Also written as demonstration data. */
  exampleResponse: Static<Resource>
}

/** A resource type, for the code that all resource types share. */
export interface ResourceDescriptor {
  slug: string
  noun: string
  verb: 'Create' | 'Record'
  create: TObject
  resource: TObject<Record<string, TSchema>>
  computed: Record<string, (row: Record<string, unknown>) => unknown>
  naturalKey?: string | undefined
  provisioned: TObject
  check?: ((body: Record<string, unknown>) => ValidationError[]) | undefined
  toColumns: (body: Record<string, unknown>) => Record<string, unknown>
  example: Record<string, unknown>
  exampleResponse: Record<string, unknown>
  /** Name in the OpenAPI document, such as `UserFile`. */
  name: string
  /** Names of the models in the Prisma client, such as `userFile` and `projectUserFile`. */
  model: string
  linkModel: string
  /** Names of the tables, such as `user_files` and `project_user_files`. */
  table: string
  linkTable: string
  /** Prefix of the counter columns in `projects`, such as `user_file`. */
  counter: string
  /** Name of the id, both in the link table and in a body that links a resource, such as `user_file_id`. */
  idField: string
}

/** Type check: every column in the response has the type of its property in the response schema. */
type Matches<M extends ResourceModelName, Resource extends TObject> =
  Pick<Row<M>, keyof Row<M> & keyof Static<Resource>> extends Pick<
    Static<Resource>,
    keyof Row<M> & keyof Static<Resource>
  >
    ? unknown
    : 'a column has another type than in the response schema'

/** Type check: every property of a body that creates a resource is a column of the same type. */
type Creates<M extends ResourceModelName, Create extends TObject> = keyof Static<Create> extends keyof NewRow<M>
  ? Static<Create> & { neptun_user_id: number } extends NewRow<M>
    ? unknown
    : 'a property has another type than its column'
  : 'a property is not a column'

/** Defines a resource type. A definition that contradicts its Prisma model does not compile. */
export function defineResource<M extends ResourceModelName, Create extends TObject, Resource extends TObject>(
  definition: ResourceDefinition<M, Create, Resource> & { resource: Matches<M, Resource>; create: Creates<M, Create> },
): ResourceDescriptor {
  const { slug, model, hidden: _, ...others } = definition as unknown as ResourceDefinition & ResourceDescriptor
  const table = slug.replaceAll('-', '_')
  const counter = table.replace(/s$/, '')
  return {
    ...others,
    verb: definition.verb ?? 'Create',
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
