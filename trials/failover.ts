import { setTimeout as sleep } from 'node:timers/promises'
import { withClient } from '../src/database/database.js'
import { mixed } from './support/calls.js'
import { compare, countConnections, terminateConnections } from './support/database.js'
import { withEnvironment } from './support/environment.js'
import { check, figure, type Trial, within } from './support/findings.js'
import { type Outcome, startLoad } from './support/load.js'
import { createFullTally, describe, isSuccess, unexpected } from './support/tally.js'

const CONNECTIONS = 50
const POOL_SIZE = 10
const UNAVAILABLE = '503 DATABASE_UNAVAILABLE'
const ROUNDS = 20
const INTERVAL = 500
const LIMIT = 2000

/** All connections of the service's pool are terminated repeatedly, while statements run. */
export const failover: Trial = () =>
  withEnvironment(async ({ database, startService }) => {
    const service = await startService()
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: CONNECTIONS, workload: mixed, onOutcome: tally.record })
    const cuts: number[] = []
    let terminated = 0
    await sleep(INTERVAL)
    await withClient(database.url, async (client) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        terminated += await terminateConnections(client)
        cuts.push(performance.now())
        await sleep(INTERVAL)
      }
    })
    await load.stop()
    const connections = await countConnections(database.url)
    const { missing, others } = await compare(database.url, tally.acknowledged)
    const { outcomes } = tally
    const failures = unexpected(tally, UNAVAILABLE)
    const recoveries = cuts.map((cut) => timeToSuccess(outcomes, cut))
    return [
      figure(`connections of the pool terminated, in ${ROUNDS} rounds`, terminated),
      figure('responses', describe(tally.responses)),
      check(`responses other than success and ${UNAVAILABLE}`, describe(failures), failures.size === 0),
      check('requests without a response', describe(tally.lost), tally.lost.size === 0),
      within('slowest response', Math.max(...outcomes.map(({ startedAt, endedAt }) => endedAt - startedAt)), LIMIT),
      within(
        'slowest recovery: from terminating the connections to the success of a later request',
        Math.max(...recoveries),
        LIMIT,
      ),
      check('acknowledged but not stored', `${missing.length} of ${tally.acknowledged.size}`, missing.length === 0),
      figure('stored without being acknowledged', others),
      check(`connections of the pool afterwards (limit ${POOL_SIZE})`, connections, connections <= POOL_SIZE),
    ]
  })

function timeToSuccess(outcomes: Outcome[], cut: number): number {
  const first = outcomes.find((outcome) => outcome.startedAt > cut && isSuccess(outcome))
  return (first?.endedAt ?? Number.POSITIVE_INFINITY) - cut
}
