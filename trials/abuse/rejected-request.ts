import { connect } from 'node:net'
import { create, pathOf } from '../support/calls.js'
import { toBytes } from '../support/connection.js'
import { compare } from '../support/database.js'
import { withEnvironment } from '../support/environment.js'
import { check, type Finding, type Trial } from '../support/findings.js'

const REQUESTS = 200
const UPLOADS = 15
const UPLOAD = 24 * 1024 * 1024
const TIMEOUT = 30_000

/**
 * Requests that are malformed, too large or followed by garbage. Each gets one response. A create that is followed by
 * garbage has stored its import if and only if the response is 201.
 */
export const rejectedRequest: Trial = () =>
  withEnvironment(async (environment) => {
    const { port } = await environment.startService()
    return [
      ...(await judgeGarbage(port, environment.database.url)),
      ...(await judgeMalformed(port)),
      ...(await judgeUploads(port)),
    ]
  })

/** Sends a create followed by garbage, in one packet. */
async function judgeGarbage(port: number, databaseUrl: string): Promise<Finding[]> {
  const stored = new Set<string>()
  const seen = await repeat(REQUESTS, async () => {
    const request = create()
    const statuses = await send(port, `${toBytes(request, port)}garbage\r\n\r\n`)
    if (statuses === '201') stored.add(pathOf(request) ?? '')
    return statuses
  })
  const { missing, others } = await compare(databaseUrl, stored)
  return [
    judgeResponses('a create followed by garbage: responses', seen, '201'),
    check('a create followed by garbage: stored without a 201', others, others === 0),
    check('a create followed by garbage: 201 and not stored', missing.length, missing.length === 0),
  ]
}

/** Sends a body with a malformed chunk, with and without a session. */
async function judgeMalformed(port: number): Promise<Finding[]> {
  const request = toBytes(create(), port)
    .replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
    .replace(/\r\n\r\n.*$/s, '\r\n\r\nzz\r\n')
  const anonymous = request.replace(/Cookie: .*\r\n/, '')
  const known = await repeat(REQUESTS, () => send(port, request))
  const unknown = await repeat(REQUESTS, () => send(port, anonymous))
  return [
    judgeResponses('a malformed chunk: responses', known, '400'),
    judgeResponses('a malformed chunk without a session: responses', unknown, '401'),
  ]
}

/** Sends a complete body over the limit before reading the response. */
async function judgeUploads(port: number): Promise<Finding[]> {
  const head = toBytes(create(), port).replace(/Content-Length: \d+\r\n\r\n.*$/s, `Content-Length: ${UPLOAD}\r\n\r\n`)
  const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(UPLOAD, ' ')])
  const seen = await repeat(UPLOADS, () => send(port, bytes))
  return [judgeResponses('a complete body over the limit: responses', seen, '413')]
}

/** Sends requests sequentially, to stay below the limit of concurrent requests. */
async function repeat(times: number, sendOnce: () => Promise<string>): Promise<string[]> {
  const seen: string[] = []
  for (let count = 0; count < times; count += 1) seen.push(await sendOnce())
  return seen
}

function judgeResponses(label: string, seen: string[], expected: string): Finding {
  const counts = new Map<string, number>()
  for (const statuses of seen) counts.set(statuses, (counts.get(statuses) ?? 0) + 1)
  const text = [...counts].map(([statuses, count]) => `${count} x ${statuses}`).join(', ')
  return check(
    label,
    text,
    seen.every((statuses) => statuses === expected),
  )
}

/** Sends all bytes before reading. @returns the statuses of all responses until the connection is closed */
function send(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let failure = ''
    socket.setTimeout(TIMEOUT, () => socket.destroy(new Error('timeout')))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = ` ${error.code ?? error.message}`
    })
    socket.on('close', () => {
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
      resolve(`${statuses.join(' then ') || 'none'}${failure}`)
    })
    socket.write(bytes, () => {
      socket.on('data', (chunk) => {
        text += chunk
      })
    })
  })
}
