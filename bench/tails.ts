import * as calls from './calls.js'
import type { Contender } from './contenders.js'
import { key, type Round, spreadOf } from './findings.js'
import { type Field, measure, measurePaced } from './measure.js'

/** Times are in seconds. */
export interface TailPace {
  /** How often latencies are measured in a round. */
  tailTurns: number
  /** Of latencies, each time. */
  tailSeconds: number
  /** Of the rate that half is taken of, before each time. */
  peakSeconds: number
}

/**
 * In seconds. A shared machine stands still for some 30 ms about twice a second, which is most of what 1 of 100 requests
 * of a second finds; of such short times less than a third has a part of that.
 */
const SLICE = 0.1

/**
 * Latencies of the list at half of the rate that a contender has reached a moment before, in turns. Of slices of a tenth of
 * a second, each has its p99, and what counts is their median: that of a machine that does nothing else. The p99 of all
 * requests together is told beside it.
 */
export async function measureTails(field: Field, order: Contender[], pace: TailPace): Promise<Round> {
  const measured = order
    .filter(({ name }) => name === 'ours' || name === 'hand-written')
    .map((contender) => ({ contender, all: [] as number[], slices: [] as number[] }))
  for (let turn = 0; turn < pace.tailTurns; turn += 1) {
    for (const { contender, all, slices } of measured) {
      const rate = (await measure(field, contender, calls.list, pace.peakSeconds)) / 2
      const latencies = await measurePaced(field, contender, calls.list, rate, pace.tailSeconds)
      all.push(...latencies)
      const size = Math.max(1, Math.round(rate * SLICE))
      for (let from = 0; from + size <= latencies.length; from += size)
        slices.push(p99(latencies.slice(from, from + size)))
    }
  }
  return Object.fromEntries(
    measured.flatMap(({ contender: { name }, all, slices }) => [
      [key('p99 at half peak', name), spreadOf(slices).median],
      [key('p99 at half peak, pauses included', name), p99(all)],
    ]),
  )
}

/** What 99 of 100 keep below. */
function p99(latencies: number[]): number {
  const sorted = latencies.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}
