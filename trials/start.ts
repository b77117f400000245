import { check, figure, ms, quantile, type Trial } from './support/findings.js'
import { withStage } from './support/stage.js'

const RUNS = 7
const LIMIT = 1000

/** From the start of the process until /health/ready answers 200. */
export const start: Trial = () =>
  withStage(async (stage) => {
    const times: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      const service = await stage.startService()
      times.push(service.readyAfter)
      service.signal('SIGKILL')
      await service.ended
    }
    const median = quantile(times, 0.5)
    return [
      check(`start to ready, median of ${RUNS} (limit ${LIMIT} ms)`, ms(median), median < LIMIT),
      figure('each run', times.map(ms).join(', ')),
    ]
  })
