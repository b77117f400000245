import { setTimeout as sleep } from 'node:timers/promises'
import { mixed } from './support/calls.js'
import { compare, countConnections, type FailureMode } from './support/database.js'
import { type Environment, withEnvironment } from './support/environment.js'
import { check, type Finding, figure, type Trial, type TrialOptions, within } from './support/findings.js'
import { type Outcome, startLoad } from './support/load.js'
import { createFullTally, describe, isSuccess, unexpected } from './support/tally.js'

const CONNECTIONS = 50
const POOL_SIZE = 10
const UNAVAILABLE = '503 DATABASE_UNAVAILABLE'

/** Maximum latency of a response, and maximum recovery time, in milliseconds. */
const LIMIT = 2000

/** Duration of the load before the outage and after the recovery, in milliseconds. */
const MARGIN = 3000

/** PostgreSQL fails under load and recovers: after a fast shutdown, and after `kill -9`. */
export const outage: Trial = (options) => runEach(['fast shutdown', 'kill -9'], options)

/** PostgreSQL hangs: its processes are suspended (SIGSTOP), but their sockets stay open. */
export const hang: Trial = (options) => runEach(['frozen'], options)

async function runEach(modes: FailureMode[], options: TrialOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const mode of modes)
    findings.push(...(await withEnvironment((environment) => failAndRecover(environment, mode, options))))
  return findings
}

async function failAndRecover({ database, startService }: Environment, mode: FailureMode, { seconds }: TrialOptions) {
  const service = await startService()
  const tally = createFullTally()
  const load = startLoad({ port: service.port, connections: CONNECTIONS, workload: mixed, onOutcome: tally.record })
  await sleep(MARGIN)
  await database.fail(mode)
  const failedAt = performance.now()
  await sleep(seconds * 1000)
  const recoveryStartedAt = performance.now()
  await database.recover()
  const recoveredAt = performance.now()
  await sleep(MARGIN)
  await load.stop()
  const connections = await countConnections(database.url)
  const { missing, others } = await compare(database.url, tally.acknowledged)
  service.signal('SIGTERM')
  const { code } = await service.exited

  const { outcomes } = tally
  const failures = unexpected(tally, UNAVAILABLE)
  const duringOutage = outcomes.filter(({ startedAt, endedAt }) => startedAt > failedAt && endedAt < recoveryStartedAt)
  const served = duringOutage.filter(isSuccess).length
  return [
    check(`${mode}: responses other than success and ${UNAVAILABLE}`, describe(failures), failures.size === 0),
    check(`${mode}: requests without a response`, describe(tally.lost), tally.lost.size === 0),
    check(`${mode}: successful requests during the outage (limit 0), of ${duringOutage.length}`, served, served === 0),
    within(
      `${mode}: slowest response`,
      Math.max(...outcomes.map(({ startedAt, endedAt }) => endedAt - startedAt)),
      LIMIT,
    ),
    ...judgeRecovery(mode, outcomes, recoveredAt),
    check(
      `${mode}: acknowledged but not stored`,
      `${missing.length} of ${tally.acknowledged.size}`,
      missing.length === 0,
    ),
    figure(`${mode}: stored without being acknowledged`, others),
    check(`${mode}: connections of the pool afterwards (limit ${POOL_SIZE})`, connections, connections <= POOL_SIZE),
    check(`${mode}: exit code after SIGTERM, without a restart since the outage`, `${code}`, code === 0),
  ]
}

/** Judges the recovery, measured from when PostgreSQL accepts connections again. */
function judgeRecovery(mode: FailureMode, outcomes: Outcome[], recoveredAt: number): Finding[] {
  const after = outcomes.filter(({ endedAt }) => endedAt > recoveredAt)
  const first = after.find(isSuccess)?.endedAt ?? Number.POSITIVE_INFINITY
  const last = Math.max(recoveredAt, ...after.filter((outcome) => !isSuccess(outcome)).map(({ endedAt }) => endedAt))
  return [
    within(`${mode}: time until the first success after the recovery`, first - recoveredAt, LIMIT),
    within(`${mode}: time until the last 503 after the recovery`, last - recoveredAt, LIMIT),
  ]
}
