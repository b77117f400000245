import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, invalidRequest } from '../errors.js'
import { BLOCK, joinChunks } from './body-stream.js'
import { findExcess } from './json-limits.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Waits for a permit to parse a large body. Undefined if large bodies are not limited. */
    admitLargeBody: (() => Promise<void>) | undefined
    /** Whether the body was so large that parsing it required a permit. */
    hasLargeBody: boolean
  }
  interface FastifyContextConfig {
    /** Maximum number of values in a body, if it differs from the default. */
    maxBodyValues?: number
  }
}

/** Maximum size of a body, in bytes. Routes can override it. */
export const BODY_LIMIT = 2 * 1024 * 1024

/** Size above which parsing a body requires a permit, in bytes. */
const LARGE_BODY = 16 * 1024

/** A media type (RFC 9110, section 8.3.1). Parameters are not checked. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[\t ]*(;|$)/

/**
 * Parses request bodies. Accepts only JSON in UTF-8 (RFC 8259).
 *
 * A request without a body may have any content type, because many clients always send one. It is removed before
 * Fastify selects a parser by it.
 */
async function jsonBody(app: FastifyInstance) {
  app.decorateRequest('admitLargeBody', undefined)
  app.decorateRequest('hasLargeBody', false)
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw
    if (!hasBody(headers)) delete headers['content-type']
    // Fastify would reject these headers even if a chunked body turns out to be empty, so they select the fallback
    // parser.
    else if (isEncoded(headers) || !MEDIA_TYPE.test(headers['content-type'] ?? '')) {
      headers['content-type'] = 'application/octet-stream'
    }
    done()
  })
  app.addHook('preParsing', ({ headers }, _reply, payload, done) => {
    done(null, isLarge(headers) ? joinChunks(payload as Readable) : payload)
  })
  app.removeAllContentTypeParsers()
  // Rejects a body on its first byte. An empty chunked body has none and is accepted.
  app.addContentTypeParser('*', ({ headers }, payload, done) => {
    const onData = () => finish(unsupportedMediaType(headers))
    const finish = (error: Error | null = null) => {
      payload.off('data', onData).off('end', finish).off('error', finish)
      done(error)
    }
    payload.on('data', onData).on('end', finish).on('error', finish)
  })
  // Rejects `__proto__` and `constructor.prototype` at any depth.
  const parse = app.getDefaultJsonParser('error', 'error')
  const parseText = (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
    const text = body.toString('utf8')
    return parse(request, text, (error, value) => {
      if (error) return done(invalidRequest({ path: 'body', message: describeSyntaxError(text) }))
      return done(null, value)
    })
  }
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    const admit = body.length > LARGE_BODY ? request.admitLargeBody : undefined
    if (!admit) {
      const problem = findProblem(request, body)
      return problem ? done(problem) : parseText(request, body, done)
    }
    request.hasLargeBody = true
    // Each step takes many milliseconds for 2 MiB, so other requests are processed in between.
    const finish = (error: Error | null, value?: unknown) => void setImmediate(done, error, value)
    const checkWithYields = async () => {
      await admit()
      const problem = findProblem(request, body)
      await yieldToEventLoop()
      return problem
    }
    checkWithYields().then((problem) => (problem ? done(problem) : parseText(request, body, finish)), done)
  })
}

export default fp(jsonBody, { name: 'json-body' })

/** Checks whether a body may be parsed: that it is UTF-8 and within the limits. */
function findProblem({ routeOptions }: FastifyRequest, body: Buffer): ApiError | undefined {
  const message = isUtf8(body) ? findExcess(body, routeOptions.config.maxBodyValues) : 'must be UTF-8'
  return message ? invalidRequest({ path: 'body', message }) : undefined
}

/** Explains why the parser rejected a text. The parser's own message would quote the input. */
function describeSyntaxError(text: string): string {
  try {
    JSON.parse(text)
    return 'must not have a key __proto__ or constructor.prototype'
  } catch {
    return 'must be valid JSON'
  }
}

/** Returns whether a message has a body, according to its headers (RFC 9112, section 6.3). */
export function hasBody(headers: NodeJS.Dict<string | string[]>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Returns whether a body may be large, according to its headers. */
function isLarge(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > BLOCK
}

/** Creates a 415 whose message names the cause: the content encoding (RFC 9110, section 8.4) or the media type. */
export function unsupportedMediaType(headers: IncomingHttpHeaders): ApiError {
  if (!isEncoded(headers)) return new ApiError('UNSUPPORTED_MEDIA_TYPE')
  const message = 'Unsupported content encoding: send the body without Content-Encoding'
  return new ApiError('UNSUPPORTED_MEDIA_TYPE', { message })
}

function isEncoded({ 'content-encoding': encoding = '' }: IncomingHttpHeaders): boolean {
  return encoding.split(',').some((name) => !['', 'identity'].includes(name.trim().toLowerCase()))
}
