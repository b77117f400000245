import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, invalidRequest } from '../errors.js'

const MAX_DEPTH = 32

/** RFC 9110, section 8.3.1, without a look at the parameters. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[\t ]*(;|$)/

/**
 * Request bodies: JSON in UTF-8 (RFC 8259) and nothing else.
 *
 * A request without a body may carry any content type, which many clients always send: it is dropped before Fastify
 * would choose a parser by it.
 */
async function jsonBody(app: FastifyInstance) {
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw
    if (!hasBody(headers)) delete headers['content-type']
    // What is no media type at all would be refused before it is known whether chunks hold anything.
    else if (!MEDIA_TYPE.test(headers['content-type'] ?? '')) headers['content-type'] = 'application/octet-stream'
    done()
  })
  app.removeAllContentTypeParsers()
  // Whether chunks hold anything is known only when they come; the first byte decides.
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.once('data', () => done(new ApiError('UNSUPPORTED_MEDIA_TYPE')))
    payload.once('end', () => done(null, undefined))
    payload.once('error', done)
  })
  // Refuses `__proto__` and `constructor.prototype` wherever they stand.
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body)) return done(invalidRequest({ path: 'body', message: 'must be UTF-8' }))
    const text = body.toString('utf8')
    return parse(request, text, (error, value) => {
      if (error) return done(invalidRequest({ path: 'body', message: describeFault(text) }))
      if (!isShallow(value)) return done(invalidRequest({ path: 'body', message: 'is nested too deeply' }))
      return done(null, value)
    })
  })
}

export default fp(jsonBody, { name: 'json-body' })

/** Why the parser refused a text: its own words quote what was sent. */
function describeFault(text: string): string {
  try {
    JSON.parse(text)
    return 'must not have a key __proto__ or constructor.prototype'
  } catch {
    return 'must be valid JSON'
  }
}

/** Whether a message carries a body, as RFC 9112 has it. */
function hasBody(headers: NodeJS.Dict<string | string[]>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Whether no value lies deeper than MAX_DEPTH; level by level, so that no depth can exhaust the stack. */
function isShallow(value: unknown): boolean {
  let level = [value].filter(isContainer)
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === MAX_DEPTH) return false
    level = level.flatMap((container) => Object.values(container).filter(isContainer))
  }
  return true
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
