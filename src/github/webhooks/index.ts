import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Webhooks } from '@octokit/webhooks'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../../database/database.js'
import { ApiError, invalidRequest, type ValidationError } from '../../errors.js'
import { readBody } from '../../http/body-stream.js'
import { onceClosed } from '../../http/open-responses.js'
import { addressOf } from '../../http/rate-limits.js'
import { createWebhookBodies, MAX_BODY } from './bodies.js'
import type { WebhookChange } from './change.js'
import { applyDelivery, type Delivery } from './delivery-repository.js'
import { readEvent } from './events.js'
import { documentedDelivery, receiveGithubWebhook } from './openapi.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Releases the memory that is reserved for a webhook delivery's body. */
    releaseBody?: () => void
  }
}

const SIGNATURE = /^sha256=[0-9a-f]{64}$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const EVENT = /^[a-z0-9_]{1,64}$/

/**
 * Registers `POST /webhooks/github`, which keeps the recorded installations and the paths of imports up to date. The
 * signature is verified over the raw body before any of it is parsed.
 *
 * @param options secrets: the webhook secrets of the GitHub App; during rotation, the new and the previous one
 * @see https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
 */
export async function githubWebhooks(
  app: FastifyInstance,
  { secrets, database }: { secrets: string[]; database: Pick<Database, 'prisma'> },
) {
  const webhooks = secrets.map((secret) => new Webhooks({ secret }))
  const bodies = createWebhookBodies()
  app.decorateRequest('releaseBody')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', (_request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, MAX_BODY),
  )

  app.post(
    '/webhooks/github',
    {
      bodyLimit: MAX_BODY,
      schema: receiveGithubWebhook,
      config: { documented: documentedDelivery, countsRefusalsOnly: true },
      onRequest: async (request, reply) => {
        rejectEarly(request)
        reserveBody(bodies, request, reply)
      },
      // Also releases the memory for a rejected request: its body is discarded without being buffered.
      onSend: async ({ releaseBody }) => releaseBody?.(),
    },
    async (request, reply) => {
      const body = await verify(webhooks, request)
      request.releaseBody?.()
      const delivery = readDelivery(request, body)
      const change = read(request, delivery, body)
      const outcome = change ? await applyDelivery(database, delivery, change) : 'ignored'
      request.log.info(
        { delivery: delivery.id, event: delivery.event, change: change?.type, outcome },
        'GitHub webhook',
      )
      reply.code(outcome === 'ignored' ? 202 : 200)
      return { outcome }
    },
  )
}

/** Rejects a delivery before its body is received, if the headers suffice to reject it. */
function rejectEarly({ headers }: FastifyRequest): void {
  if (!SIGNATURE.test(readHeader(headers, 'x-hub-signature-256'))) {
    throw new ApiError('UNAUTHORIZED', { reason: 'invalid_webhook_signature' })
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) {
    const message = "Unsupported media type: set the webhook's content type to application/json"
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', { message })
  }
}

/** Reserves memory for the body, to limit the memory that clients without a valid signature can use. */
function reserveBody(bodies: ReturnType<typeof createWebhookBodies>, request: FastifyRequest, reply: FastifyReply) {
  request.releaseBody = bodies.reserve(addressOf(request), request.headers['content-length'])
  onceClosed(reply.raw, request.releaseBody)
}

/**
 * Verifies the signature of the body, which must be UTF-8.
 * @returns the body as text
 * @throws ApiError 401
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
async function verify(webhooks: Webhooks[], { headers, body }: FastifyRequest): Promise<string> {
  if (Buffer.isBuffer(body) && body.length > 0 && isUtf8(body)) {
    const text = body.toString('utf8')
    // verify() compares in constant time. The older X-Hub-Signature (SHA-1) is ignored.
    const signature = readHeader(headers, 'x-hub-signature-256')
    for (const webhook of webhooks) if (await webhook.verify(text, signature)) return text
  }
  throw new ApiError('UNAUTHORIZED', { reason: 'wrong_webhook_signature' })
}

function readDelivery({ headers }: FastifyRequest, body: string): Delivery {
  const id = readHeader(headers, 'x-github-delivery')
  const event = readHeader(headers, 'x-github-event')
  const validationErrors: ValidationError[] = []
  if (!UUID.test(id)) validationErrors.push({ path: 'headers.x-github-delivery', message: 'must be a UUID' })
  if (!EVENT.test(event))
    validationErrors.push({ path: 'headers.x-github-event', message: 'must be the name of an event' })
  if (validationErrors.length > 0) throw invalidRequest(...validationErrors)
  return { id, event, body_hash: hash('sha256', body, 'buffer') }
}

/**
 * Parses a payload. Logs why it was rejected: otherwise, the reason is visible only in the App's settings at GitHub.
 */
function read({ log }: FastifyRequest, { id, event }: Delivery, body: string): WebhookChange | null {
  try {
    return readEvent(event, body)
  } catch (error) {
    if (error instanceof ApiError)
      log.warn({ delivery: id, event, validationErrors: error.validationErrors }, 'GitHub webhook rejected')
    throw error
  }
}

function readHeader(headers: FastifyRequest['headers'], name: string): string {
  return [headers[name] ?? []].flat().join()
}
