import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, invalidRequest } from '../errors.js'
import { readBody, waitToRead } from './body-stream.js'
import { findExcess, hasPrototypeKey, scanJson } from './json-limits.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Waits for a permit to receive a body that may be large. Undefined if receiving is not limited. */
    receiveLargeBody: (() => Promise<void>) | undefined
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

/** Number of bytes of a large body to check before yielding to the event loop. Checking them takes about 0.2 ms. */
const PART = 64 * 1024

const BYTE_ORDER_MARK = Buffer.from('\uFEFF')

/** A media type (RFC 9110, section 8.3.1). Parameters are not checked. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[\t ]*(;|$)/

/**
 * Parses request bodies. Accepts only JSON in UTF-8 (RFC 8259).
 *
 * A request without a body may have any `Content-Type`, because many clients always send this header. It is removed
 * before Fastify selects a parser.
 */
async function jsonBody(app: FastifyInstance) {
  app.decorateRequest('receiveLargeBody', undefined)
  app.decorateRequest('admitLargeBody', undefined)
  app.decorateRequest('hasLargeBody', false)
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw
    if (!hasBody(headers)) delete headers['content-type']
    // Selects the fallback parser, which rejects the body unless it is chunked and empty. Without this, Fastify would
    // reject a body with an invalid media type even if it is empty.
    else if (findEncoding(headers) || !MEDIA_TYPE.test(headers['content-type'] ?? '')) {
      headers['content-type'] = 'application/octet-stream'
    }
    done()
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
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const { bodyLimit = BODY_LIMIT, config } = request.routeOptions
    const { maxBodyValues } = config
    // The size of a chunked body is not known.
    const size = Number(request.headers['content-length'] ?? bodyLimit)
    if (request.receiveLargeBody && size > LARGE_BODY && size <= bodyLimit) {
      await waitToRead(payload, request.receiveLargeBody())
    }
    const body = await readBody(payload, bodyLimit)
    if (body.length === 0) return undefined
    const admit = body.length > LARGE_BODY ? request.admitLargeBody : undefined
    if (!admit) return parseText(readText(body, findExcess(body, maxBodyValues)))
    await admit()
    request.hasLargeBody = true
    // Each step takes many milliseconds for 2 MiB, so other requests are processed in between.
    const scan = scanJson(maxBodyValues)
    for (let start = 0; start < body.length; start += PART) {
      scan.add(body.subarray(start, start + PART))
      await yieldToEventLoop()
    }
    const text = readText(body, scan.excess())
    await yieldToEventLoop()
    const value = parseText(text)
    await yieldToEventLoop()
    return value
  })
}

export default fp(jsonBody, { name: 'json-body' })

/**
 * Decodes a body, and removes a byte order mark.
 * @param excess the message of the validation error if the body exceeds a limit
 * @throws ApiError 400 if the body is not UTF-8 or exceeds a limit
 */
function readText(body: Buffer, excess: string | undefined): string {
  if (!isUtf8(body)) throw invalidBody('must be UTF-8')
  if (excess) throw invalidBody(excess)
  const hasMark = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  return body.toString('utf8', hasMark ? BYTE_ORDER_MARK.length : 0)
}

/** Parses a JSON text. Replaces the message of JSON.parse(), which would quote the input. */
function parseText(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidBody('must be valid JSON')
  }
  if (hasPrototypeKey(value)) throw invalidBody('must not have a key __proto__ or constructor.prototype')
  return value
}

const invalidBody = (message: string) => invalidRequest({ path: 'body', message })

/** Returns whether a message has a body, according to its headers (RFC 9112, section 6.3). */
export function hasBody(headers: NodeJS.Dict<string | string[]>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/**
 * Creates a 415 whose message names the cause: the content coding (RFC 9110, section 8.4), the transfer coding (RFC
 * 9112, section 7), or the media type.
 */
export function unsupportedMediaType(headers: IncomingHttpHeaders): ApiError {
  const message = findEncoding(headers)
  return new ApiError('UNSUPPORTED_MEDIA_TYPE', message ? { message } : {})
}

/** Returns why a body cannot be decoded, or undefined if it is not encoded. */
function findEncoding(headers: IncomingHttpHeaders): string | undefined {
  const { 'content-encoding': contentCodings = '', 'transfer-encoding': transferCodings = '' } = headers
  if (hasOther(contentCodings, 'identity'))
    return 'Unsupported content encoding: send the body without Content-Encoding'
  if (hasOther(transferCodings, 'chunked')) return 'Unsupported transfer encoding: only chunked is supported'
  return undefined
}

/** Returns whether a list of codings has another one than `supported`. */
const hasOther = (codings: string, supported: string) =>
  codings.split(',').some((name) => !['', supported].includes(name.trim().toLowerCase()))
