import { Type } from '@sinclair/typebox'
import { BODY_ERRORS, openErrors } from '../../http/openapi/error-responses.js'
import { OneOf, response } from '../../schemas.js'

const Outcome = Type.Object({ outcome: OneOf(['processed', 'replayed', 'ignored']) }, { title: 'WebhookOutcome' })

export const receiveGithubWebhook = {
  operationId: 'receiveGithubWebhook',
  tags: ['Webhooks'],
  security: [{ githubSignature: [] }],
  summary: 'Receive a GitHub webhook',
  description:
    'GitHub reports changes to installations and repositories. The signature is verified before the body is parsed. ' +
    'Idempotent: each delivery is processed once.',
  response: {
    200: response('The delivery was processed, now or earlier.', Outcome, { example: { outcome: 'processed' } }),
    202: response('The event or action is not handled, or it is the rename of an enterprise.', Outcome, {
      example: { outcome: 'ignored' },
    }),
    ...openErrors('UNAUTHORIZED', ...BODY_ERRORS, 'DATABASE_UNAVAILABLE', 'OVERLOADED', 'RATE_LIMITED'),
  },
}

/** Headers and body for the OpenAPI document. The handler validates them itself, after the signature. */
export const documentedDelivery = {
  headers: Type.Object({
    'X-GitHub-Event': Type.String({
      pattern: '^[a-z0-9_]{1,64}$',
      maxLength: 64,
      description: 'Name of the event.',
      examples: ['installation'],
    }),
    'X-GitHub-Delivery': Type.String({
      format: 'uuid',
      maxLength: 36,
      description: 'Id of the delivery.',
      examples: ['72d3162e-cc78-11e3-81ab-4c9367dc0958'],
    }),
  }),
  body: Type.Object(
    { action: Type.Optional(Type.String({ maxLength: 255 })) },
    {
      title: 'GithubWebhook',
      description: 'Payload of the event: https://docs.github.com/en/webhooks/webhook-events-and-payloads',
      additionalProperties: true,
      examples: [{ action: 'suspend', installation: { id: 456789 } }],
    },
  ),
}
