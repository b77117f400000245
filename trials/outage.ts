import { setTimeout as sleep } from 'node:timers/promises'
import { mixed } from './support/calls.js'
import { type Absence, compare, countConnections } from './support/database.js'
import { check, type Finding, figure, type Trial, type TrialOptions, within } from './support/findings.js'
import { type Outcome, startLoad } from './support/load.js'
import { type Stage, withStage } from './support/stage.js'
import { createFullTally, describe, isSuccess, unexpected } from './support/tally.js'

const CONNECTIONS = 50
const POOL_SIZE = 10
const UNAVAILABLE = '503 DATABASE_UNAVAILABLE'

/** What every 503, and the return to normal, may take. */
const LIMIT = 2000

/** Load before the database goes away, and after it has come back. */
const AROUND = 3000

/** PostgreSQL goes away under load and comes back: by a fast shutdown, and by `kill -9`. */
export const outage: Trial = (options) => inTurn(['fast shutdown', 'kill -9'], options)

/** PostgreSQL accepts and says nothing: its processes are stopped, and their sockets are open. */
export const hang: Trial = (options) => inTurn(['frozen'], options)

async function inTurn(absences: Absence[], options: TrialOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const how of absences) findings.push(...(await withStage((stage) => leaveAndReturn(stage, how, options))))
  return findings
}

async function leaveAndReturn({ database, startService }: Stage, how: Absence, { seconds }: TrialOptions) {
  const service = await startService()
  const tally = createFullTally()
  const load = startLoad({ port: service.port, connections: CONNECTIONS, talk: mixed, onOutcome: tally.record })
  await sleep(AROUND)
  await database.goAway(how)
  const gone = performance.now()
  await sleep(seconds * 1000)
  const returning = performance.now()
  await database.comeBack()
  const back = performance.now()
  await sleep(AROUND)
  await load.stop()
  const connections = await countConnections(database.url)
  const { missing, others } = await compare(database.url, tally.acknowledged)
  service.signal('SIGTERM')
  const { code } = await service.ended

  const { outcomes } = tally
  const validationErrors = unexpected(tally, UNAVAILABLE)
  const meanwhile = outcomes.filter(({ begun, ended }) => begun > gone && ended < returning)
  const served = meanwhile.filter(isSuccess).length
  return [
    check(
      `${how}: answers that are neither a success nor ${UNAVAILABLE}`,
      describe(validationErrors),
      validationErrors.size === 0,
    ),
    check(`${how}: requests without an answer`, describe(tally.lost), tally.lost.size === 0),
    check(`${how}: ${meanwhile.length} requests while it was away, of them served`, served, served === 0),
    within(`${how}: slowest answer`, Math.max(...outcomes.map(({ begun, ended }) => ended - begun)), LIMIT),
    ...judgeReturn(how, outcomes, back),
    check(
      `${how}: acknowledged and not stored`,
      `${missing.length} of ${tally.acknowledged.size}`,
      missing.length === 0,
    ),
    figure(`${how}: stored without being acknowledged`, others),
    check(`${how}: connections afterwards (limit ${POOL_SIZE})`, connections, connections <= POOL_SIZE),
    check(`${how}: the same process until SIGTERM, exit code`, `${code}`, code === 0),
  ]
}

/** From the moment at which it accepts connections again. */
function judgeReturn(how: Absence, outcomes: Outcome[], back: number): Finding[] {
  const after = outcomes.filter(({ ended }) => ended > back)
  const first = after.find(isSuccess)?.ended ?? Number.POSITIVE_INFINITY
  const last = Math.max(back, ...after.filter((outcome) => !isSuccess(outcome)).map(({ ended }) => ended))
  return [
    within(`${how}: first success after its return`, first - back, LIMIT),
    within(`${how}: last 503 after its return`, last - back, LIMIT),
  ]
}
