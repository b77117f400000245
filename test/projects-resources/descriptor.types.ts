// Compile-time test: `npm run types` fails if a line after @ts-expect-error compiles. Nothing here is executed.
import { Type } from '@sinclair/typebox'
import { defineResource } from '../../src/projects-resources/resources/descriptor.js'
import { Id, NullableText, Text, Time } from '../../src/schemas.js'

const create = Type.Object({ name: Text(1, 255), description: NullableText(0, 10_000) })
const columns = { id: Id(), ...create.properties, is_shared: Type.Boolean(), share_uuid: Type.String() }
const resource = Type.Object({ ...columns, created_at: Time(), updated_at: Time(), neptun_user_id: Id() })
const exampleResponse = {
  id: 1,
  name: '',
  description: null,
  is_shared: false,
  share_uuid: '',
  created_at: new Date(),
  updated_at: new Date(),
  neptun_user_id: 1,
}
const example = { name: '', description: null }
const names = { slug: 'template-collections', noun: 'template collection' }
const model = 'TemplateCollection'

/** A descriptor that matches its Prisma model compiles. */
export const agreeing = [
  () => defineResource({ ...names, model, create, resource, hidden: {}, computed: {}, example, exampleResponse }),
]

/** A descriptor that contradicts its Prisma model does not compile. */
export const contradicting = [
  () =>
    defineResource({
      ...names,
      model,
      // @ts-expect-error a property of the body that is not a column
      create: Type.Object({ ...create.properties, colour: Text(1, 9) }),
      resource,
      hidden: {},
      computed: {},
      example: { ...example, colour: '' },
      exampleResponse,
    }),
  () =>
    defineResource({
      ...names,
      model,
      // @ts-expect-error a property of the body with another type than its column
      create: Type.Object({ ...create.properties, is_shared: Type.String() }),
      resource,
      hidden: {},
      computed: {},
      example: { ...example, is_shared: '' },
      exampleResponse,
    }),
  () =>
    defineResource({
      ...names,
      model,
      create,
      // @ts-expect-error a response property with another type than its column
      resource: Type.Object({ ...resource.properties, is_shared: Type.String() }),
      hidden: {},
      computed: {},
      example,
      exampleResponse: { ...exampleResponse, is_shared: '' },
    }),
  () =>
    defineResource({
      ...names,
      model,
      create,
      resource: Type.Object({ ...resource.properties, colour: Type.String() }),
      hidden: {},
      // @ts-expect-error a response property that is neither a column nor computed
      computed: {},
      example,
      exampleResponse: { ...exampleResponse, colour: '' },
    }),
  () =>
    defineResource({
      ...names,
      model,
      create,
      resource: Type.Object({ ...columns, created_at: Time(), updated_at: Time() }),
      // @ts-expect-error a column that is neither in the response nor hidden
      hidden: {},
      computed: {},
      example,
      exampleResponse,
    }),
]
