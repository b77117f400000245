import { Type } from '@sinclair/typebox'
import { Id, NullableText, Text, Time } from '../../../schemas.js'
import { defineResource } from '../descriptor.js'

const create = Type.Object({ name: Text(1, 255), description: NullableText(0, 10_000) })

export const templateCollections = defineResource({
  slug: 'template-collections',
  noun: 'template collection',
  model: 'TemplateCollection',
  create,
  resource: Type.Object({
    id: Id(),
    ...create.properties,
    is_shared: Type.Boolean(),
    share_uuid: Type.String({ format: 'uuid', maxLength: 36 }),
    created_at: Time(),
    updated_at: Time(),
    neptun_user_id: Id(),
  }),
  hidden: {},
  computed: {},
  example: { name: 'Components', description: 'Shared front-end components' },
  exampleResponse: {
    id: 123,
    name: 'Container templates',
    description: 'Dockerfiles to start from',
    is_shared: false,
    share_uuid: '3f0c2b1e-6a0d-4c58-9a53-0d2f5a9f7c11',
    created_at: new Date('2025-02-16T17:42:11Z'),
    updated_at: new Date('2025-02-16T17:42:11Z'),
    neptun_user_id: 456,
  },
})
