import { type TObject, Type } from '@sinclair/typebox'
import { modelOf } from '../database/model-of.js'
import { ApiError } from '../errors.js'
import type { ResourceDescriptor } from '../projects-resources/resources/descriptor.js'
import { presentRow } from '../projects-resources/resources/present.js'
import { Id, pickKnown, response } from '../schemas.js'
import { defineOperation, type Operation } from './operation.js'
import { toResult } from './put-result.js'
import { removeResource } from './removal-repository.js'
import { removalResponse } from './removal-response.js'
import { isTaken, type OwnedRow, type OwnedRows, putRow } from './rows-repository.js'
import type { UserTransaction } from './transaction.js'

const Params = Type.Object({ resource_id: Id({ description: 'Assigned by the client.', examples: [123] }) })

/** Creates the operations of a resource type. */
export function resourceOperations(descriptor: ResourceDescriptor): Operation[] {
  const { slug, noun, verb, name, create, provisioned, naturalKey, check = () => [] } = descriptor
  const body = Type.Object(
    { ...create.properties, ...provisioned.properties },
    { title: `${name}Values`, examples: [descriptor.example] },
  )
  const properties = { ...descriptor.resource.properties, ...provisioned.properties }
  const responseSchema: TObject = Type.Object(properties, { title: `Owned${name}` })
  const example = {
    ...descriptor.exampleResponse,
    ...Object.fromEntries(Object.keys(provisioned.properties).map((column) => [column, null])),
  }
  const path = `/${slug}/:resource_id`
  const rowsOf = ({ transaction }: UserTransaction) => modelOf<OwnedRows>(transaction, descriptor.model)
  const present = (row: OwnedRow) => presentRow(properties, descriptor, row)

  const put = defineOperation({
    method: 'PUT',
    path,
    params: Params,
    body,
    check,
    async run(work, { resource_id }, values) {
      if (!work.isUser) throw new ApiError('USER_NOT_FOUND')
      const columns = { ...descriptor.toColumns(pickKnown(create, values)), ...readColumns(provisioned, values) }
      const result = await putRow(work, rowsOf(work), resource_id, columns, naturalKey)
      return toResult(result, present, `The user already has a ${noun} with this ${naturalKey}`)
    },
    operationId: `put${name}`,
    tag: 'Resources',
    summary: `${verb} or update a ${noun} of a user`,
    description: 'Creates no link to a project. An update is visible in all linked projects.',
    responses: {
      200: response(`The existing ${noun}.`, responseSchema, { example }),
      201: response(`The new ${noun}.`, responseSchema, { example }),
    },
    errors: ['USER_NOT_FOUND', 'ID_TAKEN'],
  })

  const remove = defineOperation({
    method: 'DELETE',
    path,
    params: Params,
    async run(work, { resource_id }) {
      if (await isTaken(work, rowsOf(work), resource_id)) throw new ApiError('ID_TAKEN')
      return { status: 200, body: { removed: await removeResource(work, descriptor, resource_id) } }
    },
    operationId: `delete${name}`,
    tag: 'Resources',
    summary: `Delete a ${noun} of a user`,
    description: `Deletes its links to projects, too. If the ${noun} does not exist, all counts are 0.`,
    responses: { 200: removalResponse(name, [descriptor.table, descriptor.linkTable]) },
    errors: ['ID_TAKEN'],
  })
  return [put, remove]
}

/** Picks the properties of a body that the schema defines, and converts times to Dates. */
function readColumns({ properties }: TObject, body: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(properties).filter((name) => Object.hasOwn(body, name))
  const read = (name: string) => {
    const value = body[name]
    return properties[name]?.['instant'] && typeof value === 'string' ? new Date(value) : value
  }
  return Object.fromEntries(names.map((name) => [name, read(name)]))
}
