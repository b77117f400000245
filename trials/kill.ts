import { setTimeout as sleep } from 'node:timers/promises'
import { writes } from './support/calls.js'
import { compare } from './support/database.js'
import { withEnvironment } from './support/environment.js'
import { check, figure, ms, type Trial } from './support/findings.js'
import { startLoad } from './support/load.js'
import { createTally, describe, unexpected } from './support/tally.js'

const CONNECTIONS = 50
const ROUNDS = 5

/** `kill -9` of the service during writes. Every import that was acknowledged with 201 must be stored. */
export const kill: Trial = () =>
  withEnvironment(async ({ database, startService }) => {
    const tally = createTally()
    const restarts: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const service = await startService()
      restarts.push(service.readyAfter)
      let isUp = true
      const load = startLoad({
        port: service.port,
        connections: CONNECTIONS,
        workload: writes,
        onOutcome: tally.record,
        mayConnect: () => isUp,
      })
      await sleep(1000 + Math.random() * 1000)
      isUp = false
      service.signal('SIGKILL')
      await Promise.all([service.exited, load.finished])
    }
    // Start again, which takes about a second. By then, PostgreSQL has committed or rolled back the statements of the
    // killed process.
    await (await startService()).signal('SIGTERM')
    const { missing, others } = await compare(database.url, tally.acknowledged)
    const failures = unexpected(tally)
    return [
      check(
        `acknowledged but not stored, in ${ROUNDS} rounds`,
        `${missing.length} of ${tally.acknowledged.size}`,
        missing.length === 0,
      ),
      figure('requests without a response because of the kill', describe(tally.lost)),
      figure('stored without being acknowledged', others),
      check('failed requests', describe(failures), failures.size === 0),
      figure('time from start to ready, after each kill except the last', restarts.slice(1).map(ms).join(', ')),
    ]
  })
