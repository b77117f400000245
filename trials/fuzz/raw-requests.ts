import type { User } from './model.js'

/** Bytes that no ordinary client library sends. */
export interface RawCase {
  name: string
  /** Encoded as Latin-1. */
  bytes: string
  /** All responses on the connection, joined with `, `. */
  expect: RegExp
  rule?: string
  /** Whether the bytes are sent one by one. */
  isSlow?: boolean
  /** How the client ends the connection after sending: half-close or reset. */
  ending?: 'close' | 'reset'
}

/** Builds valid requests of a user. */
export interface Requests {
  random: User['random']
  path: string
  cookie: string
  json: string
  /** @param head additional header lines, each with CRLF */
  get(head?: string): string
  post(head: string, body?: string): string
}

/** Creates the builder of a user's requests on the imports of a project. */
export function createRequests({ random, canary, sessions, id }: User, projectId: number): Requests {
  const path = `/api/users/${id}/projects/${projectId}/resources/imports`
  const cookie = `Cookie: neptun-session=${sessions[0]?.token}\r\n`
  const json = JSON.stringify({ source_type: 'local', source_path: `/${canary}/${random.int(1, 1e9)}` })
  const start = (method: string, head: string) => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${cookie}${head}`
  return {
    ...{ random, path, cookie, json },
    get: (head = '') => `${start('GET', head)}\r\n`,
    post: (head, body = json) => `${start('POST', `Content-Type: application/json\r\n${head}`)}\r\n${body}`,
  }
}

/** A request that makes the service close the connection. */
export const LAST = 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

export const CHUNKED = 'Transfer-Encoding: chunked\r\n'
export const size = (text: string) => `Content-Length: ${text.length}\r\n`
export const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
