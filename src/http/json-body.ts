import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, invalidRequest } from '../errors.js'
import { BLOCK, joinChunks } from './body-stream.js'
import { findExcess } from './json-limits.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Waits until a large body may be parsed; undefined where there is no limit for that. */
    admitLargeBody: (() => Promise<void>) | undefined
    /** Whether its body was so large that it had to be admitted. */
    hasLargeBody: boolean
  }
  interface FastifyContextConfig {
    /** Maximum number of values in a body, if it is not that of most routes. */
    maxBodyValues?: number
  }
}

/** A larger body, in bytes, is parsed only when it is admitted. */
const LARGE_BODY = 16 * 1024

/** RFC 9110, section 8.3.1, without a look at the parameters. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[\t ]*(;|$)/

/**
 * Request bodies: JSON in UTF-8 (RFC 8259) and nothing else.
 *
 * A request without a body may carry any content type, which many clients always send: it is dropped before Fastify
 * would choose a parser by it.
 */
async function jsonBody(app: FastifyInstance) {
  app.decorateRequest('admitLargeBody', undefined)
  app.decorateRequest('hasLargeBody', false)
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw
    if (!hasBody(headers)) delete headers['content-type']
    // Fastify would reject these before it is known whether the chunks hold anything.
    else if (isEncoded(headers) || !MEDIA_TYPE.test(headers['content-type'] ?? '')) {
      headers['content-type'] = 'application/octet-stream'
    }
    done()
  })
  app.addHook('preParsing', ({ headers }, _reply, payload, done) => {
    done(null, isLarge(headers) ? joinChunks(payload as Readable) : payload)
  })
  app.removeAllContentTypeParsers()
  // Whether chunks hold anything is known only when they come; the first byte decides.
  app.addContentTypeParser('*', ({ headers }, payload, done) => {
    const onData = () => finish(unsupportedMediaType(headers))
    const finish = (error: Error | null = null) => {
      payload.off('data', onData).off('end', finish).off('error', finish)
      done(error)
    }
    payload.on('data', onData).on('end', finish).on('error', finish)
  })
  // Refuses `__proto__` and `constructor.prototype` wherever they stand.
  const parse = app.getDefaultJsonParser('error', 'error')
  const parseText = (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
    const text = body.toString('utf8')
    return parse(request, text, (error, value) => {
      if (error) return done(invalidRequest({ path: 'body', message: describeProblem(text) }))
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
    // Each step on 2 MiB takes many milliseconds: other requests have their turn in between.
    const finish = (error: Error | null, value?: unknown) => void setImmediate(done, error, value)
    const checkInTurns = async () => {
      await admit()
      const problem = findProblem(request, body)
      await turn()
      return problem
    }
    checkInTurns().then((problem) => (problem ? done(problem) : parseText(request, body, finish)), done)
  })
}

export default fp(jsonBody, { name: 'json-body' })

/** Finds what forbids to parse a body. */
function findProblem({ routeOptions }: FastifyRequest, body: Buffer): ApiError | undefined {
  const message = isUtf8(body) ? findExcess(body, routeOptions.config.maxBodyValues) : 'must be UTF-8'
  return message ? invalidRequest({ path: 'body', message }) : undefined
}

/** Why the parser refused a text: its own words quote what was sent. */
function describeProblem(text: string): string {
  try {
    JSON.parse(text)
    return 'must not have a key __proto__ or constructor.prototype'
  } catch {
    return 'must be valid JSON'
  }
}

/** Whether a message has a body, by its headers (RFC 9112, section 6.3). */
export function hasBody(headers: NodeJS.Dict<string | string[]>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Whether a body may be large, by its headers. */
function isLarge(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > BLOCK
}

/** A 415 that says what is wrong: the coding of the body (RFC 9110, section 8.4), or else its type. */
export function unsupportedMediaType(headers: IncomingHttpHeaders): ApiError {
  if (!isEncoded(headers)) return new ApiError('UNSUPPORTED_MEDIA_TYPE')
  const message = 'Unsupported content encoding: send the body without Content-Encoding'
  return new ApiError('UNSUPPORTED_MEDIA_TYPE', { message })
}

function isEncoded({ 'content-encoding': coding = '' }: IncomingHttpHeaders): boolean {
  return coding.split(',').some((name) => !['', 'identity'].includes(name.trim().toLowerCase()))
}
