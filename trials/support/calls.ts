import { demo } from '../../src/demo-data.js'
import type { Answer, Request } from './connection.js'

/** What one client says, one request after the other, given the answer to each (undefined if there was none). */
export type Conversation = Generator<Request, never, Answer | undefined>

const RESOURCES = `/api/users/${demo.user.id}/projects/${demo.user.projectId}/resources`
export const LIST = { method: 'GET', path: `${RESOURCES}/imports` }
const PAGE = { method: 'GET', path: `${RESOURCES}/imports?limit=20` }
const FILES = { method: 'GET', path: `${RESOURCES}/user-files` }

let count = 0

/** Creates an import of a path that no other has, so that it can be looked up. */
export function create(): Request {
  count += 1
  const body = { source_type: 'local', source_path: `/trials/${count}`, title: `Trial ${count}`, description: null }
  return { method: 'POST', path: `${RESOURCES}/imports`, body }
}

/** The path that a request of create() stores. */
export const pathOf = ({ body }: Request) => (body as { source_path?: string } | undefined)?.source_path

/** Writes and nothing else. */
export function* writes(): Conversation {
  for (;;) yield create()
}

/** As many reads as writes, and what is written stays. No list of imports: a long one is large work, which is limited. */
export function* mixed(): Conversation {
  for (;;) {
    const created = yield create()
    yield created?.status === 201 ? { method: 'GET', path: pathOfImport(created) } : FILES
    yield create()
    yield FILES
  }
}

/** Lists of each kind and writes, by at most 18 connections: more large work of one user is refused. */
export function* lists(): Conversation {
  for (;;) {
    yield create()
    yield PAGE
    yield FILES
  }
}

const pathOfImport = (created: Answer) => `${RESOURCES}/imports/${JSON.parse(created.body).import.id}`

/** Each import is removed again, so that a project does not grow and its whole list can be read. */
export function* visits(): Conversation {
  for (;;) {
    const created = yield create()
    yield LIST
    yield FILES
    if (created?.status === 201) {
      yield { method: 'DELETE', path: pathOfImport(created) }
    }
  }
}
