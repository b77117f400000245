import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { create, mixed } from './support/calls.js'
import { openConnection, toBytes } from './support/connection.js'
import { compare } from './support/database.js'
import { check, type Finding, figure, type Trial, within } from './support/findings.js'
import { type Load, startLoad } from './support/load.js'
import type { Service } from './support/service.js'
import { type Stage, withStage } from './support/stage.js'
import { createTally, describe, type Tally, unexpected } from './support/tally.js'

const CONNECTIONS = 100
const SHUTDOWN_TIMEOUT = 10_000
const NOT_READY = '503 SHUTTING_DOWN'

/** How long the service runs under load before it is told to end, and how often its readiness is asked. */
const WARM_UP = 2000
const POLL = 100

/**
 * SIGTERM under load. A request counts as accepted as soon as it is written to a connection that is open: not closed by
 * the service, and not announced to be by `Connection: close`. Each must get a whole answer.
 */
export const shutdown: Trial = () =>
  withStage(async (stage) => [
    ...(await endUnderLoad(stage, 'behind a load balancer', { isBalanced: true })),
    ...(await endUnderLoad(stage, 'clients that connect anew at once', {})),
    ...(await endUnderLoad(stage, 'clients that pause up to 500 ms', { think: () => Math.random() * 500 })),
    ...(await endWithEndlessRequest(stage)),
  ])

interface Manner {
  /** No client connects once readiness is no longer 200. Otherwise they do until they are refused. */
  isBalanced?: boolean
  think?: () => number
}

async function endUnderLoad(stage: Stage, what: string, { isBalanced, think }: Manner): Promise<Finding[]> {
  const service = await stage.startService()
  const tally = createTally()
  const readiness = watchReadiness(service)
  const load = startLoad({
    port: service.port,
    connections: CONNECTIONS,
    talk: mixed,
    onOutcome: tally.record,
    mayConnect: () => !isBalanced || readiness.isReady(),
    ...(think ? { think } : {}),
  })
  await sleep(WARM_UP)
  const before = tally.answered()
  const begun = performance.now()
  service.signal('SIGTERM')
  const { code } = await service.ended
  const elapsed = performance.now() - begun
  const { said, at } = await readiness.turned
  await load.stop()
  const { missing } = await compare(stage.database.url, tally.acknowledged)
  return [
    check(`${what}: accepted and not answered`, describe(tally.lost), tally.lost.size === 0),
    ...judgeEnd(what, { tally, before, load, code }),
    check(`${what}: readiness then`, said, said === NOT_READY),
    within(`${what}: readiness turned after`, at - begun, POLL * 5),
    within(`${what}: from SIGTERM to the end`, elapsed, SHUTDOWN_TIMEOUT),
    check(`${what}: acknowledged and not stored`, missing.length, missing.length === 0),
  ]
}

function judgeEnd(
  what: string,
  { tally, before, load, code }: { tally: Tally; before: number; load: Load; code: number | null },
): Finding[] {
  const validationErrors = unexpected(tally)
  return [
    check(`${what}: answers that are no success`, describe(validationErrors), validationErrors.size === 0),
    figure(
      `${what}: answered before and after SIGTERM, refused`,
      `${before}, ${tally.answered() - before}, ${load.refused()}`,
    ),
    check(`${what}: exit code`, `${code}`, code === 0),
  ]
}

/** Asks /health/ready over a new connection each time, as a load balancer does, until it no longer says 200. */
function watchReadiness({ port }: Service) {
  let isReady = true
  const turned = (async () => {
    let said = await askReadiness(port)
    while (said === '200') {
      await sleep(POLL)
      said = await askReadiness(port)
    }
    isReady = false
    return { said, at: performance.now() }
  })()
  return { isReady: () => isReady, turned }
}

/** `200`, another status with its code, or `refused`. */
async function askReadiness(port: number): Promise<string> {
  try {
    const connection = await openConnection(port)
    const { status, body } = await connection.send({ method: 'GET', path: '/health/ready' })
    connection.destroy()
    return status === 200 ? '200' : `${status} ${JSON.parse(body).code}`
  } catch {
    return 'refused'
  }
}

/** A request whose body never ends holds the process no longer than SHUTDOWN_TIMEOUT, and not at all at a second signal. */
async function endWithEndlessRequest(stage: Stage): Promise<Finding[]> {
  const timeout = 3000
  const service = await stage.startService({ SHUTDOWN_TIMEOUT: `${timeout}` })
  sendHalf(service.port)
  await sleep(200)
  const begun = performance.now()
  service.signal('SIGTERM')
  await sleep(POLL)
  const ready = await askReadiness(service.port)
  const { code } = await service.ended
  const elapsed = performance.now() - begun

  const other = await stage.startService()
  sendHalf(other.port)
  await sleep(200)
  other.signal('SIGTERM')
  await sleep(500)
  const second = performance.now()
  other.signal('SIGTERM')
  await other.ended
  return [
    check('readiness while a request is in flight', ready, ready === NOT_READY),
    within(`a request that never ends, SHUTDOWN_TIMEOUT=${timeout}`, elapsed, timeout + 500),
    check('the exit code then', `${code}`, code === 1),
    within('a second signal ends it', performance.now() - second, 500),
  ]
}

function sendHalf(port: number): void {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(toBytes(create(), port).slice(0, -1))
}
