import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { create, mixed } from './support/calls.js'
import { openConnection, toBytes } from './support/connection.js'
import { compare } from './support/database.js'
import { type Environment, withEnvironment } from './support/environment.js'
import { check, type Finding, figure, type Trial, within } from './support/findings.js'
import { type Load, startLoad } from './support/load.js'
import type { Service } from './support/service.js'
import { createTally, describe, type Tally, unexpected } from './support/tally.js'

const CONNECTIONS = 100
const SHUTDOWN_TIMEOUT = 10_000
const NOT_READY = '503 SHUTTING_DOWN'

/** Duration of the load before SIGTERM, and interval between readiness checks, in milliseconds. */
const WARM_UP = 2000
const POLL = 100

/**
 * SIGTERM under load. A request counts as accepted if the client writes it to a connection that the service has not
 * closed, and on which the service has not sent `Connection: close`. Every accepted request must get a complete
 * response.
 */
export const shutdown: Trial = () =>
  withEnvironment(async (environment) => [
    ...(await shutDownUnderLoad(environment, 'behind a load balancer', { isBalanced: true })),
    ...(await shutDownUnderLoad(environment, 'clients that reconnect immediately', {})),
    ...(await shutDownUnderLoad(environment, 'clients that pause up to 500 ms', {
      thinkTime: () => Math.random() * 500,
    })),
    ...(await shutDownWithEndlessRequest(environment)),
  ])

interface LoadStyle {
  /** Whether clients stop connecting when readiness is no longer 200. Otherwise, they retry until the load stops. */
  isBalanced?: boolean
  thinkTime?: () => number
}

async function shutDownUnderLoad(
  environment: Environment,
  label: string,
  { isBalanced, thinkTime }: LoadStyle,
): Promise<Finding[]> {
  const service = await environment.startService()
  const tally = createTally()
  const readiness = pollReadiness(service)
  const load = startLoad({
    port: service.port,
    connections: CONNECTIONS,
    workload: mixed,
    onOutcome: tally.record,
    mayConnect: () => !isBalanced || readiness.isReady(),
    ...(thinkTime ? { thinkTime } : {}),
  })
  await sleep(WARM_UP)
  const before = tally.responseCount()
  const startedAt = performance.now()
  service.signal('SIGTERM')
  const { code } = await service.exited
  const elapsed = performance.now() - startedAt
  const { status, at } = await readiness.notReady
  await load.stop()
  const { missing } = await compare(environment.database.url, tally.acknowledged)
  return [
    check(`${label}: accepted requests without a response`, describe(tally.lost), tally.lost.size === 0),
    ...judgeOutcome(label, { tally, before, load, code }),
    check(`${label}: readiness after SIGTERM`, status, status === NOT_READY),
    within(`${label}: from SIGTERM to not ready`, at - startedAt, POLL * 5),
    within(`${label}: from SIGTERM to exit`, elapsed, SHUTDOWN_TIMEOUT),
    check(`${label}: acknowledged but not stored`, missing.length, missing.length === 0),
  ]
}

function judgeOutcome(
  label: string,
  { tally, before, load, code }: { tally: Tally; before: number; load: Load; code: number | null },
): Finding[] {
  const failures = unexpected(tally)
  return [
    check(`${label}: failed requests`, describe(failures), failures.size === 0),
    figure(
      `${label}: responses before and after SIGTERM, refused connections`,
      `${before}, ${tally.responseCount() - before}, ${load.refused()}`,
    ),
    check(`${label}: exit code`, `${code}`, code === 0),
  ]
}

/** Polls /health/ready on new connections, as a load balancer does, until the status is no longer 200. */
function pollReadiness({ port }: Service) {
  let isReady = true
  const notReady = (async () => {
    let status = await getReadiness(port)
    while (status === '200') {
      await sleep(POLL)
      status = await getReadiness(port)
    }
    isReady = false
    return { status, at: performance.now() }
  })()
  return { isReady: () => isReady, notReady }
}

/** Returns `200`, another status with its code, or `refused`. */
async function getReadiness(port: number): Promise<string> {
  try {
    const connection = await openConnection(port)
    const { status, body } = await connection.send({ method: 'GET', path: '/health/ready' })
    connection.destroy()
    return status === 200 ? '200' : `${status} ${JSON.parse(body).code}`
  } catch {
    return 'refused'
  }
}

/** A request whose body never ends delays the exit at most until SHUTDOWN_TIMEOUT, or until a second signal. */
async function shutDownWithEndlessRequest(environment: Environment): Promise<Finding[]> {
  const timeout = 3000
  const service = await environment.startService({ SHUTDOWN_TIMEOUT: `${timeout}` })
  sendHalf(service.port)
  await sleep(200)
  const startedAt = performance.now()
  service.signal('SIGTERM')
  await sleep(POLL)
  const ready = await getReadiness(service.port)
  const { code } = await service.exited
  const elapsed = performance.now() - startedAt

  const other = await environment.startService()
  sendHalf(other.port)
  await sleep(200)
  other.signal('SIGTERM')
  await sleep(500)
  const second = performance.now()
  other.signal('SIGTERM')
  await other.exited
  return [
    check('readiness during shutdown with a request in flight', ready, ready === NOT_READY),
    within(`from SIGTERM to exit with a request that never ends, SHUTDOWN_TIMEOUT=${timeout}`, elapsed, timeout + 500),
    check('exit code after SHUTDOWN_TIMEOUT (must be 1)', `${code}`, code === 1),
    within('from a second signal to exit', performance.now() - second, 500),
  ]
}

function sendHalf(port: number): void {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(toBytes(create(), port).slice(0, -1))
}
