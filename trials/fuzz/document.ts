import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** A JSON schema, reduced to the keywords that are used to generate values. */
export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  enum?: string[]
  oneOf?: Schema[]
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  pattern?: string
  $ref?: string
}

interface Operation {
  operationId: string
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

const url = new URL('../../docs/openapi/openapi.json', import.meta.url)
const document = JSON.parse(readFileSync(url, 'utf8')) as { paths: Record<string, Record<string, Operation>> }

const RESOURCES = '/api/users/{user_id}/projects/{project_id}/resources'
const JSON_TYPE = 'application/json'

const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'document')

const operations = new Map(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [operation.operationId, { path, method, operation }] as const),
  ),
)

function find(operationId: string) {
  const found = operations.get(operationId)
  if (!found) throw new Error(`The document has no operation ${operationId}`)
  return found
}

export const hasOperation = (operationId: string) => operations.has(operationId)

const pointer = (...parts: string[]) => parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')

function validator(...parts: string[]) {
  return ajv.getSchema(`document#/${encodeURI(pointer(...parts))}`)
}

/** Checks whether a request body matches the schema of an operation. */
export function matchesRequest(operationId: string, body: unknown): boolean {
  const { path, method } = find(operationId)
  return validator('paths', path, method, 'requestBody', 'content', JSON_TYPE, 'schema')?.(body) === true
}

/**
 * Checks that a response is documented.
 * @returns a description of the difference; undefined if there is no difference
 */
export function undocumented(operationId: string, status: number, body: unknown): string | undefined {
  const { path, method, operation } = find(operationId)
  const response = operation.responses[status]
  if (!response) return `status ${status} is not documented`
  if (!response.content) return undefined
  const validate = validator('paths', path, method, 'responses', String(status), 'content', JSON_TYPE, 'schema')
  if (!validate) return `the schema of ${status} cannot be compiled`
  return validate(body) ? undefined : `does not match the schema of ${status}: ${ajv.errorsText(validate.errors)}`
}

function resolve(schema: Schema): Schema {
  if (!schema.$ref) return schema
  const parts = schema.$ref.slice(2).split('/')
  const found = parts.reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], document)
  return found as Schema
}

/** Returns the schema of an operation's body. If it is a `oneOf`, `form` is the index of the alternative. */
export function bodySchema(operationId: string, form = 0): Schema {
  const schema = resolve(find(operationId).operation.requestBody?.content[JSON_TYPE]?.schema ?? {})
  return schema.oneOf ? resolve(schema.oneOf[form] ?? {}) : schema
}

/** Returns the properties of the object in an operation's response. */
export function rowProperties(operationId: string): Record<string, Schema> {
  const schema = resolve(find(operationId).operation.responses['200']?.content?.[JSON_TYPE]?.schema ?? {})
  return (schema.properties?.['import'] ? resolve(schema.properties['import']) : schema).properties ?? {}
}

/** A resource type in the OpenAPI document. The body of its POST is a `oneOf` of a link and a create form. */
export interface ResourceType {
  slug: string
  /** Suffix of the operation ids: `UserFile`. */
  name: string
  /** Name of the resource id in the link form. */
  idField: string
  /** Properties of the create form. */
  create: Record<string, Schema>
}

export const resourceTypes: ResourceType[] = [...operations.values()].flatMap(({ path, method, operation }) => {
  const slug = path.startsWith(`${RESOURCES}/`) ? path.slice(RESOURCES.length + 1) : ''
  const name = operation.operationId.replace(/^link/, '')
  if (method !== 'post' || name === operation.operationId) return []
  const [idField = ''] = bodySchema(operation.operationId, 0).required ?? []
  return [{ slug, name, idField, create: bodySchema(operation.operationId, 1).properties ?? {} }]
})
