import { hasOperation, undocumented } from './document.js'
import type { Call, Expectation, Problem, User } from './model.js'
import type { WireResponse } from './wire.js'

const CANARY = /cnry[0-9a-f]{8}/g
const ERROR_KEYS = ['statusCode', 'code', 'message', 'errors']

/** Formats a response as `200`, or `404 IMPORT_NOT_FOUND` for an error. */
export function outcomeOf({ status }: WireResponse, body: unknown): string {
  const code = (body as { code?: unknown } | undefined)?.code
  return status < 400 ? `${status}` : `${status} ${code ?? 'without a code'}`
}

/** Parses the body of a response. @returns undefined if it is empty or not JSON */
export function parseBody({ body }: WireResponse): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/**
 * Checks a response against the expectation and the rules for all responses, and updates the model.
 * @returns the differences
 */
export function judge(user: User, call: Call, expectation: Expectation, response: WireResponse | undefined): Problem[] {
  if (!response) return [{ rule: expectation.rule ?? 'status', text: `no response, expected ${expectation.allow}` }]
  const body = parseBody(response)
  const seen = outcomeOf(response, body)
  const isHead = call.method === 'HEAD'
  const isAllowed = expectation.allow.some((allowed) =>
    isHead ? allowed.startsWith(`${response.status}`) : allowed === seen,
  )
  const problems = [
    ...judgeEvery(response, call.method),
    ...judgeLeak(response, call.sessionOf),
    ...judgeEcho(user, response),
  ]
  if (!isHead && response.status !== 304) problems.push(...judgeDocumented(call, response, body))
  if (!isAllowed) {
    const rule = expectation.rule ?? 'status'
    return [...problems, { rule, text: `${seen}, expected ${expectation.allow.join(' or ')}` }]
  }
  if (response.status < 400) problems.push(...(expectation.apply?.(response, body) ?? []))
  return problems
}

/** Checks the headers and the error format that all responses of the API share. */
export function judgeEvery(response: WireResponse, method: string, rule?: string): Problem[] {
  const { status, headers, body, text } = response
  const problems: Problem[] = []
  const report = (defaultRule: string, text: string) => problems.push({ rule: rule ?? defaultRule, text })
  const is = (name: string, pattern: RegExp) => pattern.test(headers.get(name) ?? '')
  if (!is('x-request-id', /./)) report('headers', `a ${status} has no X-Request-Id`)
  if (!is('x-content-type-options', /^nosniff$/)) report('headers', `a ${status} has no security headers`)
  if (!is('vary', /cookie/i)) report('vary', `a ${status} has no Vary: Cookie`)
  const isRead = (method === 'GET' || method === 'HEAD') && status < 400 && headers.has('etag')
  const cache = isRead ? /^private, no-cache$/ : /^no-store$/
  if (!is('cache-control', cache)) report('vary', `a ${status} has Cache-Control: ${headers.get('cache-control')}`)
  if (status === 401 && !is('www-authenticate', /./)) report('www-authenticate', 'a 401 has no WWW-Authenticate')
  if ((status === 429 || status === 503) && !is('retry-after', /^\d+$/))
    report('headers', `a ${status} has no Retry-After`)
  if (status === 500 || /\bat .*:\d+:\d+|prisma|postgres|node_modules/i.test(text))
    report('internal', text.slice(0, 300))
  if (body !== '' && !is('content-type', /^application\/json; charset=utf-8$/))
    report('headers', `a ${status} has Content-Type: ${headers.get('content-type')}`)
  if (status >= 400 && body !== '') problems.push(...judgeError(response))
  return problems
}

/** Checks the common error format. */
function judgeError(response: WireResponse): Problem[] {
  const body = parseBody(response) as { statusCode?: unknown; code?: unknown; message?: unknown; errors?: unknown }
  const isList = body?.errors === undefined || Array.isArray(body.errors)
  const isFormat =
    isList &&
    body?.statusCode === response.status &&
    /^[A-Z_]+$/.test(String(body.code)) &&
    typeof body.message === 'string' &&
    Object.keys(body).every((key) => ERROR_KEYS.includes(key)) &&
    (body.code === 'INVALID_REQUEST') === (Array.isArray(body.errors) && body.errors.length > 0)
  return isFormat ? [] : [{ rule: 'error-format', text: response.body.slice(0, 300) }]
}

function judgeDocumented({ operation }: Call, { status }: WireResponse, body: unknown): Problem[] {
  if (!hasOperation(operation) || body === undefined) return []
  const text = undocumented(operation, status, body)
  return text ? [{ rule: 'document', text: `${operation}: ${text}` }] : []
}

/** Checks that a response contains no text of a user other than the one whose session was sent. */
export function judgeLeak({ text }: WireResponse, allowed: User | undefined): Problem[] {
  const leaked = [...text.matchAll(CANARY)].find(([canary]) => canary !== allowed?.canary)
  return leaked ? [{ rule: 'leak', text: `contains a text of another user: ${leaked[0]}` }] : []
}

/** Checks that a validation error does not contain the rejected value. */
function judgeEcho({ canary }: User, { status, body }: WireResponse): Problem[] {
  return status === 400 && body.includes(canary) ? [{ rule: 'echo', text: body.slice(0, 300) }] : []
}
