import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { RefusedResponse } from '../../github/bounded-fetch.js'
import { SESSION_COOKIE } from '../../session-token.js'

/** Maximum size of a response body, in bytes. */
const MAX_BYTES = 16 * 1024

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json[\t ]*(?:;|$)/i

/**
 * Sends a session cookie to another service. The only other headers are `Host` and `Connection`: none come from the
 * client, and `fetch`, which would add more, is not used. Does not follow redirects.
 * @param timeout for the whole response, in milliseconds
 * @returns the parsed body of a 200, or undefined for a 401
 * @throws RefusedResponse for any other response or a timeout, and network errors unchanged. Messages never quote the
 *   cookie or the body
 */
export async function requestSession(url: string, token: string, timeout: number): Promise<unknown> {
  const signal = AbortSignal.timeout(timeout)
  try {
    return await read(await send(url, token, signal))
  } catch (error) {
    throw signal.aborted ? new RefusedResponse(`no response within ${timeout} ms`) : error
  }
}

function send(url: string, token: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    const headers = { cookie: `${SESSION_COOKIE}=${token}` }
    // No keep-alive: the server could close a reused connection just as the request is sent.
    request(url, { headers, signal, agent: false }, resolve).on('error', reject).end()
  })
}

async function read(response: IncomingMessage): Promise<unknown> {
  const { statusCode, headers } = response
  if (statusCode !== 200) {
    response.destroy()
    if (statusCode === 401) return undefined
    throw new RefusedResponse(`status ${statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop early closes the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new RefusedResponse(`the body is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) throw new RefusedResponse('the body is not application/json')
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    throw new RefusedResponse('the body is not valid JSON')
  }
}
