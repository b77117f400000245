import { visits } from './support/calls.js'
import { withEnvironment } from './support/environment.js'
import { check, figure, type Trial } from './support/findings.js'
import { startLoad } from './support/load.js'
import { createTally, describe, failuresOf } from './support/tally.js'

const CONNECTIONS = 20
const STEP = 10_000

/** Maximum resident memory, in MiB. */
const LIMIT = 160

/** Maximum ratio of the mean of the last third of the series to that of the first third. */
const GROWTH = 1.1

/** Measures the resident memory after every 10 000 requests. */
export const memory: Trial = ({ requests }) =>
  withEnvironment(async (environment) => {
    const service = await environment.startService()
    const tally = createTally()
    const series: number[] = []
    const startedAt = performance.now()
    await new Promise<void>((resolve) => {
      const load = startLoad({
        port: service.port,
        connections: CONNECTIONS,
        workload: visits,
        onOutcome: (outcome) => {
          tally.record(outcome)
          if (tally.responseCount() % STEP === 0) series.push(service.memory())
          if (tally.responseCount() === requests) resolve(load.stop())
        },
      })
    })
    const elapsed = (performance.now() - startedAt) / 1000
    const first = series[0] ?? Number.NaN
    const third = Math.ceil(series.length / 3)
    const growth = mean(series.slice(-third)) / mean(series.slice(0, third))
    const failures = failuresOf(tally)
    return [
      check(`resident memory after 10 000 requests (limit ${LIMIT} MiB)`, mib(first), first < LIMIT),
      check(
        `highest resident memory of all samples (limit ${LIMIT} MiB)`,
        mib(Math.max(...series)),
        Math.max(...series) < LIMIT,
      ),
      check(
        'mean of the last third of the samples, relative to the first third (limit 110 %)',
        `${Math.round(growth * 100)} %`,
        growth < GROWTH,
      ),
      figure('resident memory after every 10 000 requests', series.map(mib).join(', ')),
      check('failed requests', describe(failures), failures.size === 0),
      figure('requests per second', Math.round(requests / elapsed)),
    ]
  })

const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length

const mib = (value: number) => `${Math.round(value)} MiB`
