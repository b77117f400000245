import { visits } from './support/calls.js'
import { check, figure, type Trial } from './support/findings.js'
import { startLoad } from './support/load.js'
import { withStage } from './support/stage.js'
import { createTally, describe, sum, unexpected } from './support/tally.js'

const CONNECTIONS = 20
const STEP = 10_000

/** In MiB, after the first step. */
const LIMIT = 160

/** What the last third of the series may lie above the first third. */
const GROWTH = 1.1

/** Resident memory after 10 000 requests, and at every further 10 000. */
export const memory: Trial = ({ requests }) =>
  withStage(async (stage) => {
    const service = await stage.startService()
    const tally = createTally()
    const series: number[] = []
    const begun = performance.now()
    await new Promise<void>((resolve) => {
      const load = startLoad({
        port: service.port,
        connections: CONNECTIONS,
        talk: visits,
        onOutcome: (outcome) => {
          tally.record(outcome)
          if (tally.answered() % STEP === 0) series.push(service.memory())
          if (tally.answered() === requests) resolve(load.stop())
        },
      })
    })
    const elapsed = (performance.now() - begun) / 1000
    const first = series[0] ?? Number.NaN
    const third = Math.ceil(series.length / 3)
    const growth = mean(series.slice(-third)) / mean(series.slice(0, third))
    const validationErrors = unexpected(tally)
    return [
      check(`resident after 10 000 requests (limit ${LIMIT} MiB)`, mib(first), first < LIMIT),
      check(`highest of the series (limit ${LIMIT} MiB)`, mib(Math.max(...series)), Math.max(...series) < LIMIT),
      check('last third of the series over the first (limit 110 %)', `${Math.round(growth * 100)} %`, growth < GROWTH),
      figure('resident at each 10 000', series.map(mib).join(', ')),
      check(
        'answers that are no success',
        describe(validationErrors),
        validationErrors.size === 0 && sum(tally.lost) === 0,
      ),
      figure('requests a second', Math.round(requests / elapsed)),
    ]
  })

const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length

const mib = (value: number) => `${Math.round(value)} MiB`
