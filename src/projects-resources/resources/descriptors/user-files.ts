import { Type } from '@sinclair/typebox'
import { Id, Text, Time } from '../../../schemas.js'
import { defineResource } from '../descriptor.js'

const MAX_TEXT_BYTES = 1024 * 1024

const create = Type.Object({
  title: Text(1, 255),
  text: Text(0, MAX_TEXT_BYTES, { description: 'At most 1 MiB in UTF-8.' }),
  language: Text(1, 64),
  extension: Type.String({ minLength: 1, maxLength: 32, pattern: '^[A-Za-z0-9.+_-]*$' }),
})

export const userFiles = defineResource({
  slug: 'user-files',
  noun: 'user file',
  model: 'UserFile',
  create,
  resource: Type.Object({
    id: Id(),
    ...create.properties,
    created_at: Time(),
    updated_at: Time(),
    neptun_user_id: Id(),
  }),
  hidden: {},
  computed: {},
  check: ({ text }) =>
    typeof text === 'string' && text.length <= MAX_TEXT_BYTES && Buffer.byteLength(text) > MAX_TEXT_BYTES
      ? [{ path: 'body.text', message: 'must have at most 1048576 bytes in UTF-8' }]
      : [],
  example: { title: 'main', text: 'console.log(1)', language: 'typescript', extension: 'ts' },
  exampleResponse: {
    id: 123,
    title: 'hello.py',
    text: 'print("Hello, world!")\n',
    language: 'python',
    extension: 'py',
    created_at: new Date('2025-02-16T17:42:11Z'),
    updated_at: new Date('2025-02-16T17:42:11Z'),
    neptun_user_id: 456,
  },
})
