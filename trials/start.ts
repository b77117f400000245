import { withEnvironment } from './support/environment.js'
import { check, figure, ms, quantile, type Trial } from './support/findings.js'

const RUNS = 7
const LIMIT = 1000

/** Measures the time from the start of the process to the first 200 of /health/ready. */
export const start: Trial = () =>
  withEnvironment(async (environment) => {
    const times: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      const service = await environment.startService()
      times.push(service.readyAfter)
      service.signal('SIGKILL')
      await service.exited
    }
    const median = quantile(times, 0.5)
    return [
      check(`median time from start to ready, of ${RUNS} runs (limit ${LIMIT} ms)`, ms(median), median < LIMIT),
      figure('all runs', times.map(ms).join(', ')),
    ]
  })
