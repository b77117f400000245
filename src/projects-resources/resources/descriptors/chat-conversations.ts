import { Type } from '@sinclair/typebox'
import { Id, NullableText, Text, Time } from '../../../schemas.js'
import { defineResource } from '../descriptor.js'

const create = Type.Object({
  name: Text(1, 255),
  description: NullableText(0, 10_000),
  model_publisher: Text(1, 255),
  model_name: Text(1, 255),
})

export const chatConversations = defineResource({
  slug: 'chat-conversations',
  noun: 'chat conversation',
  model: 'ChatConversation',
  create,
  resource: Type.Object({
    id: Id(),
    name: create.properties.name,
    description: create.properties.description,
    model: Type.String({ maxLength: 511, description: '`publisher/name`' }),
    model_publisher: create.properties.model_publisher,
    model_name: create.properties.model_name,
    created_at: Time(),
    updated_at: Time(),
    neptun_user_id: Id(),
  }),
  hidden: {},
  computed: { model: ({ model_publisher, model_name }) => `${model_publisher}/${model_name}` },
  example: {
    name: 'Naming things',
    description: null,
    model_publisher: 'mistralai',
    model_name: 'Mistral-7B-Instruct',
  },
  exampleResponse: {
    id: 123,
    name: 'A Dockerfile for my project',
    description: 'How to package the service',
    model: 'openai/gpt-4o',
    model_publisher: 'openai',
    model_name: 'gpt-4o',
    created_at: new Date('2025-02-16T17:42:11Z'),
    updated_at: new Date('2025-02-16T17:42:11Z'),
    neptun_user_id: 456,
  },
})
