import { createHmac, randomUUID } from 'node:crypto'
import type { TestApp } from './app.js'

export const SECRET = 'a secret between GitHub and us'

export const sign = (body: string | Buffer, secret = SECRET, algorithm = 'sha256') =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`

/** Returns the headers of a webhook delivery from GitHub. */
export const deliveryHeaders = (event: string, body: string, id: string = randomUUID()) => ({
  'content-type': 'application/json',
  'user-agent': 'GitHub-Hookshot/044aadd',
  'x-github-event': event,
  'x-github-delivery': id,
  'x-hub-signature-256': sign(body),
})

/** Sends a webhook delivery like GitHub. A header that is null is omitted. */
export async function deliver(
  { url }: Pick<TestApp, 'url'>,
  event: string,
  payload: object | string,
  { id = randomUUID() as string, headers = {} as Record<string, string | null> } = {},
) {
  // GitHub's payloads contain times, so no two are identical. The service ignores an identical payload as a replay.
  const body = typeof payload === 'string' ? payload : JSON.stringify({ ...payload, sent: randomUUID() })
  const all: Record<string, string | null> = { ...deliveryHeaders(event, body, id), ...headers }
  const present = Object.entries(all).filter((header): header is [string, string] => header[1] !== null)
  const response = await fetch(`${url}/webhooks/github`, { method: 'POST', headers: present, body })
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown }
}
