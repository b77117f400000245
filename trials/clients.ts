import { setTimeout as sleep } from 'node:timers/promises'
import { CONSTANTS } from '../src/config.js'
import { create, LIST, visits } from './support/calls.js'
import { toBytes } from './support/connection.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from './support/findings.js'
import { startLoad } from './support/load.js'
import { openRaw, type RawConnection, sendRaw } from './support/raw.js'
import { takeToken } from './support/sessions.js'
import { withStage } from './support/stage.js'
import { createTally, describe, unexpected } from './support/tally.js'

const IDLE = 2500
const SLOW = 50
const SERVED = 4

/** How long the others are measured while nobody disturbs them, in milliseconds. */
const QUIET = 3000

/** For the slowest hundredth of what the others ask, in milliseconds. */
const LIMIT = 500

/** Enough for the imports that the clients create and remove at once. */
const MAX_PROJECT_BYTES = 20_000
const TIMED_OUT = '408 {"statusCode":408,"code":"REQUEST_TIMEOUT","message":"Request timed out"}'

/** By when a slow request must have been refused, in milliseconds: its timeout and 3 s more. */
const ARRIVAL_LIMITS = { headers: CONSTANTS.HEADERS_TIMEOUT + 3000, body: CONSTANTS.REQUEST_TIMEOUT + 3000 }

/** Idle, slow and leaving clients: the others are served meanwhile. */
export const clients: Trial = () =>
  withStage(async (stage) => {
    const service = await stage.startService({ MAX_PROJECT_BYTES: `${MAX_PROJECT_BYTES}` })
    const { port } = service
    const quiet = await measure(port, sleep(QUIET))
    const idle = await openIdle(port)
    const countOpen = () => idle.filter(({ socket }) => !socket.closed).length
    const before = countOpen()
    const leaving = startLeaving(port)
    const slow = startSlow(port)
    const disturbed = await measure(port, slow.ended)
    const left = leaving.stop()
    const limited = await stage.startService({ RATE_LIMIT_SESSION: '1' })
    const limits = await judgeLimits(port, limited.port)
    const after = countOpen()
    const begun = performance.now()
    service.signal('SIGTERM')
    const { code } = await service.ended
    const elapsed = performance.now() - begun
    return [
      ...judgeServed('alone', quiet),
      ...judgeServed(`beside ${IDLE} idle, ${SLOW * 2} slow and ${left} leaving clients`, disturbed),
      ...(await slow.ended),
      figure('idle connections that are open at first, and in the end', `${before}, ${after}`),
      ...limits,
      check('SIGTERM then, exit code', `${code}`, code === 0),
      within('from SIGTERM to the end', elapsed, 10_000),
    ]
  })

/** What becomes of the requests of some ordinary clients, until something has happened. */
async function measure(port: number, until: Promise<unknown>) {
  const tally = createTally()
  const times: number[] = []
  const load = startLoad({
    port,
    connections: SERVED,
    talk: visits,
    think: () => 5,
    onOutcome: (outcome) => {
      tally.record(outcome)
      times.push(outcome.ended - outcome.begun)
    },
  })
  await until
  await load.stop()
  return { tally, times }
}

function judgeServed(what: string, { tally, times }: Awaited<ReturnType<typeof measure>>): Finding[] {
  const validationErrors = new Map([...unexpected(tally), ...tally.lost])
  const p99 = quantile(times, 0.99)
  return [
    check(
      `${what}: ${times.length} requests, of them without success`,
      describe(validationErrors),
      validationErrors.size === 0,
    ),
    figure(`${what}: median`, ms(quantile(times, 0.5))),
    within(`${what}: p99`, p99, LIMIT),
  ]
}

/** Every second one has been used before. */
async function openIdle(port: number): Promise<RawConnection[]> {
  const idle: RawConnection[] = []
  while (idle.length < IDLE) {
    const some = Array.from({ length: 50 }, () => openRaw(port))
    const used = some.filter((_, index) => index % 2)
    for (const { socket } of used) socket.write(toBytes({ method: 'GET', path: '/health/live' }, port))
    await Promise.all(used.map(({ answered }) => answered))
    idle.push(...some)
  }
  return idle
}

/** Clients that send a byte a second, some of the headers and some of the body, until they are answered. */
function startSlow(port: number) {
  const request = create()
  const body = toBytes(request, port, takeToken()).indexOf('\r\n\r\n') + 4
  const ended = Promise.all([sendSlowly('headers', 0), sendSlowly('body', body)])
  return { ended: ended.then((findings) => findings.flat()) }

  async function sendSlowly(what: 'headers' | 'body', start: number): Promise<Finding[]> {
    const begun = performance.now()
    const answers = await Promise.all(
      Array.from({ length: SLOW }, async () => {
        const bytes = toBytes(request, port, takeToken())
        const { socket, answered } = openRaw(port)
        socket.write(bytes.slice(0, start + 1))
        let next = start + 1
        const timer = setInterval(() => {
          socket.write(bytes.charAt(next))
          next += 1
        }, 1000)
        const answer = await answered
        clearInterval(timer)
        socket.destroy()
        return answer
      }),
    )
    const others = [...new Set(answers.map(({ text }) => text))].filter((text) => text !== TIMED_OUT)
    return [
      check(
        `a byte a second of the ${what}: answers other than the one 408`,
        others.join(', ') || 'none',
        !others.length,
      ),
      within(
        `a byte a second of the ${what}: answered after`,
        Math.max(...answers.map(({ at }) => at)) - begun,
        ARRIVAL_LIMITS[what],
      ),
    ]
  }
}

/** Clients that leave in the middle of the headers, in the middle of the body, and while they are answered. */
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

/** The other limits, each in the one shape of every error. */
async function judgeLimits(port: number, limitedPort: number): Promise<Finding[]> {
  const post = toBytes(create(), port)
  let last = ''
  while (!last.startsWith('409')) last = await sendRaw(port, toBytes(create(), port))
  await sendRaw(limitedPort, toBytes(LIST, port))
  const answers: [expected: string, answer: string][] = [
    ['409 PROJECT_FULL', last],
    ['413 PAYLOAD_TOO_LARGE', await sendRaw(port, post.replace(/Content-Length: \d+/, 'Content-Length: 3000000'))],
    ['415 UNSUPPORTED_MEDIA_TYPE', await sendRaw(port, post.replace('application/json', 'text/plain'))],
    ['429 RATE_LIMITED', await sendRaw(limitedPort, toBytes(LIST, port))],
    ['431 HEADERS_TOO_LARGE', await sendRaw(port, post.replace('Host:', `X-Long: ${'x'.repeat(20_000)}\r\nHost:`))],
  ]
  return answers.map(([expected, answer]) => {
    const { statusCode, code, message, ...rest } = JSON.parse(answer.slice(4))
    const isShaped = answer.startsWith(`${statusCode} `) && message !== '' && Object.keys(rest).length === 0
    return check(`answers ${expected}, in the one shape`, answer, isShaped && `${statusCode} ${code}` === expected)
  })
}
