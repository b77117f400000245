import { once } from 'node:events'
import { connect } from 'node:net'
import { demo } from '../../src/demo-data.js'
import { readChunks } from './chunks.js'
import { takeToken } from './sessions.js'

export interface Request {
  method: string
  path: string
  body?: object
  /** Of another session than the connection's. */
  token?: string
}

export interface Answer {
  status: number
  body: string
}

/** A connection that was open when a request was written to it, and that did not bring a whole answer. */
export class LostError extends Error {}

/** One HTTP connection that is kept alive, so that it is known what was sent on it, and what had come back by then. */
export interface Connection {
  /** Whether the service has neither closed it nor said that it will. */
  isOpen(): boolean
  /** One request at a time. @throws LostError */
  send(request: Request): Promise<Answer>
  destroy(): void
}

/** Longer than anything may take: who has no answer by then has none. */
const PATIENCE = 20_000

/** @throws Error with the code ECONNREFUSED, say, where nobody accepts it */
export async function openConnection(port: number, token = takeToken()): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  let isOpen = true
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  await once(socket, 'connect')
  socket.setTimeout(PATIENCE, () => lose(`no answer within ${PATIENCE} ms`))
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    const answer = readAnswer(received)
    if (!answer) return
    received = received.subarray(answer.length)
    if (answer.isLast) lose('closed')
    waiting?.resolve(answer)
    waiting = undefined
  })
  socket.on('end', () => lose('closed without an answer'))
  socket.on('error', (error: NodeJS.ErrnoException) => lose(error.code ?? error.message))
  socket.on('close', () => lose('closed without an answer'))

  function lose(why: string) {
    isOpen = false
    socket.destroy()
    if (why !== 'closed') waiting?.reject(new LostError(why))
  }

  return {
    isOpen: () => isOpen,
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        if (isOpen) socket.write(toBytes(request, port, request.token ?? token))
        else reject(new LostError('was closed before the request'))
      }),
    destroy: () => void socket.destroy(),
  }
}

/** A request, as it goes over the wire. */
export function toBytes({ method, path, body }: Request, port: number, token: string = demo.user.token): string {
  const head = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Cookie: neptun-session=${token}`]
  if (!body) return `${head.join('\r\n')}\r\n\r\n`
  const text = JSON.stringify(body)
  head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`)
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

/** Reads the response that some bytes begin with; undefined while it is not complete. Large lists come in chunks. */
export function readAnswer(bytes: Buffer): (Answer & { length: number; isLast: boolean }) | undefined {
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
