import { demo } from '../../src/demo-data.js'
import type { Request, Response } from './connection.js'

/**
 * Sequence of requests of one client. Each `next` takes the response to the last request, or undefined if it was lost.
 */
export type Workload = Generator<Request, never, Response | undefined>

const RESOURCES = `/api/users/${demo.user.id}/projects/${demo.user.projectId}/resources`
export const LIST = { method: 'GET', path: `${RESOURCES}/imports` }
const PAGE = { method: 'GET', path: `${RESOURCES}/imports?limit=20` }
const FILES = { method: 'GET', path: `${RESOURCES}/user-files` }

let count = 0

/** Returns a request that creates an import with a unique source_path, by which compare() can find it. */
export function create(): Request {
  count += 1
  const body = { source_type: 'local', source_path: `/trials/${count}`, title: `Trial ${count}`, description: null }
  return { method: 'POST', path: `${RESOURCES}/imports`, body }
}

/** Returns the source_path in the body of a request of create(). */
export const pathOf = ({ body }: Request) => (body as { source_path?: string } | undefined)?.source_path

/** Only writes. */
export function* writes(): Workload {
  for (;;) yield create()
}

/**
 * As many reads as writes. Created imports are kept. Imports are not listed, since the service limits how many large
 * lists it reads concurrently.
 */
export function* mixed(): Workload {
  for (;;) {
    const created = yield create()
    yield created?.status === 201 ? { method: 'GET', path: pathOfImport(created) } : FILES
    yield create()
    yield FILES
  }
}

/**
 * Writes and lists, for at most 18 connections: the service reads 2 large lists of one user concurrently, queues 16
 * more and refuses the rest.
 */
export function* lists(): Workload {
  for (;;) {
    yield create()
    yield PAGE
    yield FILES
  }
}

const pathOfImport = (created: Response) => `${RESOURCES}/imports/${JSON.parse(created.body).import.id}`

/** Removes each import after creating it, so that the project stays small enough to read the complete list. */
export function* visits(): Workload {
  for (;;) {
    const created = yield create()
    yield LIST
    yield FILES
    if (created?.status === 201) {
      yield { method: 'DELETE', path: pathOfImport(created) }
    }
  }
}
