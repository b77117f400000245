import { connect } from 'node:net'
import { type AppResponse, OWNER, type TestApp } from './app.js'

/** A response to bytes that were sent over a socket. */
export type RawResponse = Pick<AppResponse, 'status' | 'headers' | 'body'>

export const SESSION = `Cookie: neptun-session=${OWNER.token}`
export const JSON_TYPE = 'Content-Type: application/json'

/** Returns the head of a request that asks the service to close the connection after the response. */
export const head = (method: string, path: string, ...headers: string[]) =>
  keepAlive(method, path, 'Connection: close', ...headers)

/** Returns the head of a request that keeps the connection open. */
export const keepAlive = (method: string, path: string, ...headers: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')

/** Encodes a chunk of a body with `Transfer-Encoding: chunked`. */
export const toChunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

/** Encodes a whole body: one chunk, and the empty chunk that ends it. */
export const toChunkedBody = (text: string) => `${toChunk(text)}0\r\n\r\n`

/** Returns a complete request with a JSON body. */
export function withJson(method: string, path: string, value: unknown, ...headers: string[]): string {
  const body = JSON.stringify(value)
  return keepAlive(method, path, JSON_TYPE, `Content-Length: ${Buffer.byteLength(body)}`, ...headers) + body
}

/** Sends bytes over a new connection, and returns all responses once the service has closed the connection. */
export async function exchangeAll({ url }: Pick<TestApp, 'url'>, ...parts: (string | Uint8Array)[]) {
  return parseResponses(await receive(url, parts))
}

/**
 * Sends bytes over a new connection, and returns the first response once the service has closed the connection. The
 * status is 0 if there was no response.
 */
export async function exchange(service: Pick<TestApp, 'url'>, ...parts: (string | Uint8Array)[]): Promise<RawResponse> {
  const [first] = await exchangeAll(service, ...parts)
  return first ?? { status: 0, headers: new Headers(), body: undefined }
}

function receive(url: string, parts: (string | Uint8Array)[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(url)
    const socket = connect(Number(port), hostname, () => {
      for (const part of parts) socket.write(part)
    })
    const received: Buffer[] = []
    const text = () => Buffer.concat(received).toString()
    socket.setTimeout(30_000, () =>
      socket.destroy(new Error(`the connection is still open after 30 s without traffic; received: ${text()}`)),
    )
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('error', reject).on('close', () => resolve(Buffer.concat(received)))
  })
}

/** Parses a sequence of responses, each with a Content-Length or without a body. */
export function parseResponses(bytes: Buffer): RawResponse[] {
  const responses: RawResponse[] = []
  for (let rest = bytes; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) throw new Error(`not a response: ${rest}`)
    const [statusLine = '', ...fields] = rest.toString('latin1', 0, end).split('\r\n')
    const headers = new Headers(fields.map((field) => field.split(/:\s*(.*)/).slice(0, 2) as [string, string]))
    const length = end + 4 + Number(headers.get('content-length') ?? 0)
    const json = rest.toString('utf8', end + 4, length)
    responses.push({ status: Number(statusLine.split(' ')[1]), headers, body: json ? JSON.parse(json) : undefined })
    rest = rest.subarray(length)
  }
  return responses
}
