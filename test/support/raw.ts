import { connect } from 'node:net'
import { type Answer, OWNER, type TestApp } from './app.js'

/** A response as it was received. */
export type RawResponse = Pick<Answer, 'status' | 'headers' | 'body'>

export const SESSION = `Cookie: neptun-session=${OWNER.token}`
export const JSON_TYPE = 'Content-Type: application/json'

/** The head of a request, after which the client closes the connection. */
export const head = (method: string, path: string, ...headers: string[]) =>
  keepAlive(method, path, 'Connection: close', ...headers)

/** The head of a request. */
export const keepAlive = (method: string, path: string, ...headers: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')

/** A whole request with a JSON body. */
export function withJson(method: string, path: string, value: unknown, ...headers: string[]): string {
  const body = JSON.stringify(value)
  return keepAlive(method, path, JSON_TYPE, `Content-Length: ${Buffer.byteLength(body)}`, ...headers) + body
}

/** Sends bytes as they are, and reads until the service closes the connection. */
export async function exchangeAll({ url }: Pick<TestApp, 'url'>, ...parts: (string | Uint8Array)[]) {
  return parseResponses(await receive(url, parts))
}

/** Sends bytes as they are, and returns the first response when the service has closed the connection. */
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
    socket.setTimeout(30_000, () => socket.destroy(new Error(`still open after: ${text()}`)))
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('error', reject).on('close', () => resolve(Buffer.concat(received)))
  })
}

/** Parses responses, all of which have a Content-Length or no body. */
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
