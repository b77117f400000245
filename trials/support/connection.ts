import { once } from 'node:events'
import { connect } from 'node:net'
import { demo } from '../../src/demo-data.js'
import { readChunks } from './chunks.js'
import { nextToken } from './sessions.js'

export interface Request {
  method: string
  path: string
  body?: object
  /** Session token, if it differs from the connection's. */
  token?: string
}

export interface Response {
  status: number
  body: string
}

/** Thrown if a request got no complete response, or was not sent because the connection was already closed. */
export class LostError extends Error {}

/**
 * A persistent HTTP connection. Unlike with a connection pool, it is certain whether a request was written to an open
 * connection.
 */
export interface Connection {
  /** Whether the service has neither closed the connection nor sent `Connection: close`. */
  isOpen(): boolean
  /** Sends a request. The previous response must have arrived. @throws LostError */
  send(request: Request): Promise<Response>
  destroy(): void
}

/** Timeout of a response, in milliseconds: longer than any response may take. */
const RESPONSE_TIMEOUT = 20_000

/** @throws Error with a code such as ECONNREFUSED if the connection fails */
export async function openConnection(port: number, token = nextToken()): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  let isOpen = true
  let waiting: { resolve: (response: Response) => void; reject: (error: Error) => void } | undefined
  await once(socket, 'connect')
  socket.setTimeout(RESPONSE_TIMEOUT, () => lose(`no response within ${RESPONSE_TIMEOUT} ms`))
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    const response = readResponse(received)
    if (!response) return
    received = received.subarray(response.length)
    if (response.isLast) lose('closed')
    waiting?.resolve(response)
    waiting = undefined
  })
  socket.on('end', () => lose('closed without a response'))
  socket.on('error', (error: NodeJS.ErrnoException) => lose(error.code ?? error.message))
  socket.on('close', () => lose('closed without a response'))

  function lose(reason: string) {
    isOpen = false
    socket.destroy()
    if (reason !== 'closed') waiting?.reject(new LostError(reason))
  }

  return {
    isOpen: () => isOpen,
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        if (isOpen) socket.write(toBytes(request, port, request.token ?? token))
        else reject(new LostError('closed before the request'))
      }),
    destroy: () => void socket.destroy(),
  }
}

/** Serializes a request as HTTP/1.1. */
export function toBytes({ method, path, body }: Request, port: number, token: string = demo.user.token): string {
  const head = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Cookie: neptun-session=${token}`]
  if (!body) return `${head.join('\r\n')}\r\n\r\n`
  const text = JSON.stringify(body)
  head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`)
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

/**
 * Parses the response at the start of `bytes`. Its body may be chunked, like that of a large list.
 * @returns undefined if it is incomplete
 */
export function readResponse(bytes: Buffer): (Response & { length: number; isLast: boolean }) | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const rest = bytes.subarray(end + 4)
  const content = /^transfer-encoding: *chunked/im.test(head) ? readChunks(rest) : readDeclared(rest, head)
  if (!content) return undefined
  return {
    status: Number(head.slice(9, 12)),
    body: content.body.toString('utf8'),
    isLast: /^connection: *close/im.test(head),
    length: end + 4 + content.length,
  }
}

function readDeclared(bytes: Buffer, head: string): { body: Buffer; length: number } | undefined {
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), length }
}
