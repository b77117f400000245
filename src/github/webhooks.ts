import { isUtf8 } from 'node:buffer'
import { Webhooks } from '@octokit/webhooks'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError, type Fault, invalidRequest } from '../errors.js'
import { readEvent } from './webhook-events.js'
import { documentedDelivery, receiveGithubWebhook } from './webhook-operation.js'
import { applyDelivery, type Delivery, forgetDeliveries, type WebhookChange } from './webhook-repository.js'

/** GitHub's cap: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const BODY_LIMIT = 25 * 1024 * 1024

const SIGNATURE = /^sha256=[0-9a-f]{64}$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const EVENT = /^[a-z_]{1,64}$/

/**
 * `POST /webhooks/github`: keeps true what is recorded of GitHub's installations and repositories.
 *
 * Nothing of a delivery is read before its signature is verified, over the bytes as they came. It answers 200 to what it
 * has processed, now or before, and 202 to what means nothing here.
 *
 * @param options secret: of the GitHub App's webhook
 * @see https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
 */
export async function githubWebhooks(app: FastifyInstance, { secret }: { secret: string }) {
  const webhooks = new Webhooks({ secret })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post(
    '/webhooks/github',
    {
      bodyLimit: BODY_LIMIT,
      schema: receiveGithubWebhook,
      config: { documented: documentedDelivery, countsRefusalsOnly: true },
      onRequest: async (request) => refuseEarly(request),
    },
    async (request, reply) => {
      const body = await verify(webhooks, request)
      const delivery = readDelivery(request)
      const change = read(request, delivery, body)
      const outcome = change ? await applyDelivery(app.pool, delivery, change) : 'ignored'
      request.log.info(
        { delivery: delivery.id, event: delivery.event, change: change?.type, outcome },
        'GitHub webhook',
      )
      if (outcome === 'processed') forgetSome(request)
      return reply.code(outcome === 'ignored' ? 202 : 200).send({ outcome })
    },
  )
}

/** What is certain to be refused is refused before its body is received. */
function refuseEarly({ headers }: FastifyRequest): void {
  if (!SIGNATURE.test(readHeader(headers, 'x-hub-signature-256'))) throw new ApiError('UNAUTHORIZED')
  if (/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) {
    const message = "Unsupported media type: set the webhook's content type to application/json"
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', { message })
  }
}

/**
 * The body's text, once it is known to be GitHub's. Bytes that are no UTF-8 are not.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
async function verify(webhooks: Webhooks, { headers, body }: FastifyRequest): Promise<string> {
  if (Buffer.isBuffer(body) && body.length > 0 && isUtf8(body)) {
    const text = body.toString('utf8')
    // In constant time, and of SHA-256 alone: the older X-Hub-Signature is not looked at.
    if (await webhooks.verify(text, readHeader(headers, 'x-hub-signature-256'))) return text
  }
  throw new ApiError('UNAUTHORIZED')
}

function readDelivery({ headers }: FastifyRequest): Delivery {
  const id = readHeader(headers, 'x-github-delivery')
  const event = readHeader(headers, 'x-github-event')
  const faults: Fault[] = []
  if (!UUID.test(id)) faults.push({ path: 'headers.x-github-delivery', message: 'must be a UUID' })
  if (!EVENT.test(event)) faults.push({ path: 'headers.x-github-event', message: 'must be the name of an event' })
  if (faults.length > 0) throw invalidRequest(...faults)
  return { id, event }
}

/** GitHub shows a refusal to whoever runs the App, but only to who looks for it: so the log says it too. */
function read({ log }: FastifyRequest, { id, event }: Delivery, body: string): WebhookChange | null {
  try {
    return readEvent(event, body)
  } catch (error) {
    if (error instanceof ApiError) log.warn({ delivery: id, event, faults: error.faults }, 'GitHub webhook refused')
    throw error
  }
}

function readHeader(headers: FastifyRequest['headers'], name: string): string {
  return [headers[name] ?? []].flat().join()
}

/** Nobody waits for it. */
function forgetSome({ server, log }: FastifyRequest): void {
  forgetDeliveries(server.pool).catch((err) => log.warn({ err }, 'old GitHub deliveries not forgotten'))
}
