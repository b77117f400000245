import { Type } from '@sinclair/typebox'
import { Id, Time } from '../../../schemas.js'
import { FileFields } from '../../file-schemas.js'
import { checkTextSize } from '../../file-text.js'
import { defineResource } from '../descriptor.js'

const { title, text, language, extension } = FileFields
const create = Type.Object({ title, text, language, extension })

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
  check: checkTextSize,
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
