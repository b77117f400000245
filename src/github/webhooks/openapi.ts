import { Type } from '@sinclair/typebox'
import { BODY_ERRORS, openErrors } from '../../http/openapi/error-responses.js'
import { OneOf, response } from '../../schemas.js'

const Outcome = Type.Object({ outcome: OneOf(['processed', 'replayed', 'ignored']) }, { title: 'WebhookOutcome' })

export const receiveGithubWebhook = {
  operationId: 'receiveGithubWebhook',
  tags: ['Webhooks'],
  security: [{ githubSignature: [] }],
  summary: 'Take a delivery of GitHub',
  description:
    'GitHub says that installations or repositories have changed. Nothing of a delivery is read before its signature is ' +
    'verified, and a delivery is processed once.',
  response: {
    200: response('It has been processed, now or before.', Outcome, { example: { outcome: 'processed' } }),
    202: response('It means nothing here.', Outcome, { example: { outcome: 'ignored' } }),
    ...openErrors('UNAUTHORIZED', ...BODY_ERRORS, 'DATABASE_UNAVAILABLE', 'OVERLOADED', 'RATE_LIMITED'),
  },
}

/** Checked by hand, since the signature comes first. */
export const documentedDelivery = {
  headers: Type.Object({
    'X-GitHub-Event': Type.String({
      pattern: '^[a-z0-9_]{1,64}$',
      maxLength: 64,
      description: 'The name of the event.',
      examples: ['installation'],
    }),
    'X-GitHub-Delivery': Type.String({
      format: 'uuid',
      maxLength: 36,
      description: 'The id of the delivery.',
      examples: ['72d3162e-cc78-11e3-81ab-4c9367dc0958'],
    }),
  }),
  body: Type.Object(
    { action: Type.Optional(Type.String({ maxLength: 255 })) },
    {
      title: 'GithubWebhook',
      description: 'As GitHub describes it: https://docs.github.com/en/webhooks/webhook-events-and-payloads',
      additionalProperties: true,
      examples: [{ action: 'suspend', installation: { id: 456789 } }],
    },
  ),
}
