import { setTimeout as sleep } from 'node:timers/promises'
import { CONSTANTS } from '../src/config.js'
import { create, LIST, visits } from './support/calls.js'
import { toBytes } from './support/connection.js'
import { withEnvironment } from './support/environment.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from './support/findings.js'
import { startLoad } from './support/load.js'
import { openRaw, type RawConnection, sendRaw } from './support/raw.js'
import { nextToken } from './support/sessions.js'
import { createTally, describe, failuresOf } from './support/tally.js'

const IDLE = 2500
const SLOW = 50
const SERVED = 4

/** Duration of the measurement without other clients, in milliseconds. */
const QUIET = 3000

/** Maximum p99 of ordinary clients, in milliseconds. */
const LIMIT = 500

/** Ordinary clients delete their imports, so they do not reach this limit. The check for 409 reaches it quickly. */
const MAX_PROJECT_BYTES = 20_000

/** Maximum time until a slow request is refused, in milliseconds: its timeout and 3 s more. */
const ARRIVAL_LIMITS = { headers: CONSTANTS.HEADERS_TIMEOUT + 3000, body: CONSTANTS.REQUEST_TIMEOUT + 3000 }

/** Many connections are idle, and some clients are slow or disconnect. Meanwhile, ordinary clients must be served. */
export const clients: Trial = () =>
  withEnvironment(async (environment) => {
    const service = await environment.startService({ MAX_PROJECT_BYTES: `${MAX_PROJECT_BYTES}` })
    const { port } = service
    const quiet = await measure(port, sleep(QUIET))
    const idle = await openIdle(port)
    const countOpen = () => idle.filter(({ socket }) => !socket.closed).length
    const before = countOpen()
    const leaving = startLeaving(port)
    const slow = startSlow(port)
    const disturbed = await measure(port, slow.findings)
    const left = leaving.stop()
    const limited = await environment.startService({ RATE_LIMIT_SESSION: '1' })
    const limits = await judgeLimits(port, limited.port)
    const after = countOpen()
    const startedAt = performance.now()
    service.signal('SIGTERM')
    const { code } = await service.exited
    const elapsed = performance.now() - startedAt
    return [
      ...judgeServed('ordinary clients alone', quiet),
      ...judgeServed(`ordinary clients with ${IDLE} idle, ${SLOW * 2} slow and ${left} disconnecting ones`, disturbed),
      ...(await slow.findings),
      figure('open idle connections before and after the slow and disconnecting clients', `${before}, ${after}`),
      ...limits,
      check('exit code after SIGTERM', `${code}`, code === 0),
      within('from SIGTERM to exit', elapsed, 10_000),
    ]
  })

/** Measures ordinary clients until a promise resolves. */
async function measure(port: number, until: Promise<unknown>) {
  const tally = createTally()
  const times: number[] = []
  const load = startLoad({
    port,
    connections: SERVED,
    workload: visits,
    thinkTime: () => 5,
    onOutcome: (outcome) => {
      tally.record(outcome)
      times.push(outcome.endedAt - outcome.startedAt)
    },
  })
  await until
  await load.stop()
  return { tally, times }
}

function judgeServed(label: string, { tally, times }: Awaited<ReturnType<typeof measure>>): Finding[] {
  const failures = failuresOf(tally)
  const p99 = quantile(times, 0.99)
  return [
    check(`${label}: failed requests, of ${times.length}`, describe(failures), failures.size === 0),
    figure(`${label}: median`, ms(quantile(times, 0.5))),
    within(`${label}: p99`, p99, LIMIT),
  ]
}

/** Opens idle connections. Every second one has served a request. */
async function openIdle(port: number): Promise<RawConnection[]> {
  const idle: RawConnection[] = []
  while (idle.length < IDLE) {
    const some = Array.from({ length: 50 }, () => openRaw(port))
    const used = some.filter((_, index) => index % 2)
    for (const { socket } of used) socket.write(toBytes({ method: 'GET', path: '/health/live' }, port))
    await Promise.all(used.map(({ firstResponse }) => firstResponse))
    idle.push(...some)
  }
  return idle
}

/** Starts clients that send one byte per second, of the headers or of the body, until they receive a response. */
function startSlow(port: number) {
  const request = create()
  const body = toBytes(request, port, nextToken()).indexOf('\r\n\r\n') + 4
  const findings = Promise.all([sendSlowly('headers', 0), sendSlowly('body', body)])
  return { findings: findings.then((all) => all.flat()) }

  async function sendSlowly(label: 'headers' | 'body', start: number): Promise<Finding[]> {
    const startedAt = performance.now()
    const responses = await Promise.all(
      Array.from({ length: SLOW }, async () => {
        const bytes = toBytes(request, port, nextToken())
        const { socket, firstResponse } = openRaw(port)
        socket.write(bytes.slice(0, start + 1))
        let next = start + 1
        const timer = setInterval(() => {
          socket.write(bytes.charAt(next))
          next += 1
        }, 1000)
        const response = await firstResponse
        clearInterval(timer)
        socket.destroy()
        return response
      }),
    )
    const others = [...new Set(responses.map(({ text }) => text))].filter(
      (text) => codeOf(text) !== '408 REQUEST_TIMEOUT',
    )
    return [
      check(
        `one byte per second of the ${label}: responses other than 408 REQUEST_TIMEOUT`,
        others.join(', ') || 'none',
        !others.length,
      ),
      within(
        `one byte per second of the ${label}: slowest response`,
        Math.max(...responses.map(({ at }) => at)) - startedAt,
        ARRIVAL_LIMITS[label],
      ),
    ]
  }
}

/** Starts clients that disconnect while they send headers or a body, or while they receive a response. */
function startLeaving(port: number) {
  const post = toBytes(create(), port)
  const list = toBytes(LIST, port)
  const parts = [post.slice(0, 40), post.slice(0, -10), list]
  let count = 0
  const timer = setInterval(() => {
    const { socket } = openRaw(port)
    socket.write(parts[count % parts.length] ?? '', () => setTimeout(() => socket.resetAndDestroy(), count % 5))
    count += 1
  }, 10)
  return {
    stop: () => {
      clearInterval(timer)
      return count
    },
  }
}

/** Checks that the responses 409, 413, 415, 429 and 431 have the common error format. */
async function judgeLimits(port: number, limitedPort: number): Promise<Finding[]> {
  const post = toBytes(create(), port)
  let last = ''
  while (!last.startsWith('409')) last = await sendRaw(port, toBytes(create(), port))
  await sendRaw(limitedPort, toBytes(LIST, port))
  const responses: [expected: string, response: string][] = [
    ['409 PROJECT_FULL', last],
    ['413 PAYLOAD_TOO_LARGE', await sendRaw(port, post.replace(/Content-Length: \d+/, 'Content-Length: 3000000'))],
    ['415 UNSUPPORTED_MEDIA_TYPE', await sendRaw(port, post.replace('application/json', 'text/plain'))],
    ['429 RATE_LIMITED', await sendRaw(limitedPort, toBytes(LIST, port))],
    ['431 HEADERS_TOO_LARGE', await sendRaw(port, post.replace('Host:', `X-Long: ${'x'.repeat(20_000)}\r\nHost:`))],
  ]
  return responses.map(([expected, response]) => {
    const { statusCode, code: _, message, ...rest } = JSON.parse(response.slice(4))
    const isErrorFormat = response.startsWith(`${statusCode} `) && message !== '' && Object.keys(rest).length === 0
    return check(`${expected} in the common error format`, response, isErrorFormat && codeOf(response) === expected)
  })
}

/** Shortens a response to its status and code, for example `408 REQUEST_TIMEOUT`; returns `closed` unchanged. */
function codeOf(text: string): string {
  return text === 'closed' ? text : `${text.slice(0, 3)} ${JSON.parse(text.slice(4)).code}`
}
