import { setTimeout as sleep } from 'node:timers/promises'
import { writes } from './support/calls.js'
import { compare } from './support/database.js'
import { check, figure, ms, type Trial } from './support/findings.js'
import { startLoad } from './support/load.js'
import { withStage } from './support/stage.js'
import { createTally, describe, unexpected } from './support/tally.js'

const CONNECTIONS = 50
const ROUNDS = 5

/** `kill -9` of the service in the middle of writes: every 201 that a client saw is in the database. */
export const kill: Trial = () =>
  withStage(async ({ database, startService }) => {
    const tally = createTally()
    const restarts: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const service = await startService()
      restarts.push(service.readyAfter)
      let isAlive = true
      const load = startLoad({
        port: service.port,
        connections: CONNECTIONS,
        talk: writes,
        onOutcome: tally.record,
        mayConnect: () => isAlive,
      })
      await sleep(1000 + Math.random() * 1000)
      isAlive = false
      service.signal('SIGKILL')
      await Promise.all([service.ended, load.ended])
    }
    // What the last process had asked PostgreSQL for is carried out or given up by now.
    await (await startService()).signal('SIGTERM')
    const { missing, others } = await compare(database.url, tally.acknowledged)
    const validationErrors = unexpected(tally)
    return [
      check(
        `acknowledged in ${ROUNDS} rounds and not stored`,
        `${missing.length} of ${tally.acknowledged.size}`,
        missing.length === 0,
      ),
      figure('requests whose answer the kill cut off', describe(tally.lost)),
      figure('stored without being acknowledged', others),
      check('answers that are no success', describe(validationErrors), validationErrors.size === 0),
      figure('start to ready after each kill', restarts.slice(1).map(ms).join(', ')),
    ]
  })
