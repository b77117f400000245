import * as calls from './calls.js'
import type { Contender, Name } from './contenders.js'
import { key, type Round, spreadOf } from './findings.js'
import { type Field, measureLatencies } from './measure.js'

/** Times are in seconds. */
export interface TailPace {
  /** Number of measurements per contender in a round, at full load and at half of the rate reached at full load. */
  tailTurns: number
  /** Duration of each measurement at full load. */
  fullLoadSeconds: number
  /** Duration of each measurement at half of the rate reached at full load. */
  halfPeakSeconds: number
}

/** The contenders whose latencies are compared. */
const MEASURED: Name[] = ['ours', 'equipped', 'hand-written']

/**
 * The latencies of a measurement are divided into slices of this duration, in seconds, each with its own p99. On a
 * shared machine, pauses of about 30 ms twice per second would determine the p99 of a whole second. Less than a third
 * of the slices contain part of a pause, so the median of their p99s is not affected.
 */
const SLICE = 0.1

/** The latencies of one contender under one load, in milliseconds. */
interface Tail {
  all: number[]
  /** The p99 of each slice. */
  slices: number[]
}

/**
 * Measures the p99 latency of the list at full load (64 connections, all busy), and at half of the rate that the
 * contender has just reached at full load. Measurements of the contenders are short and interleaved, starting with a
 * different contender each time. The result is the median of the slices' p99; the p99 of all requests is reported too.
 */
export async function measureTails(field: Field, order: Contender[], pace: TailPace): Promise<Round> {
  const measured = order
    .filter(({ name }) => MEASURED.includes(name))
    .map((contender) => ({ contender, fullLoad: newTail(), halfPeak: newTail() }))
  for (let pass = 0; pass < pace.tailTurns; pass += 1) {
    for (let index = 0; index < measured.length; index += 1) {
      const { contender, fullLoad, halfPeak } = measured[(pass + index) % measured.length] as (typeof measured)[number]
      const peak = await measureLatencies(field, contender, calls.list, pace.fullLoadSeconds)
      add(fullLoad, peak.latencies, peak.rate)
      const half = peak.rate / 2
      add(halfPeak, (await measureLatencies(field, contender, calls.list, pace.halfPeakSeconds, half)).latencies, half)
    }
  }
  return Object.fromEntries(
    measured.flatMap(({ contender: { name }, fullLoad, halfPeak }) => [
      [key('p99 at full load', name), spreadOf(fullLoad.slices).median],
      [key('p99 at half peak', name), spreadOf(halfPeak.slices).median],
      [key('p99 at full load, pauses included', name), p99(fullLoad.all)],
      [key('p99 at half peak, pauses included', name), p99(halfPeak.all)],
    ]),
  )
}

const newTail = (): Tail => ({ all: [], slices: [] })

/** Adds latencies, which must be in the order of sending. */
function add({ all, slices }: Tail, latencies: number[], rate: number) {
  all.push(...latencies)
  const size = Math.max(1, Math.round(rate * SLICE))
  for (let from = 0; from + size <= latencies.length; from += size) slices.push(p99(latencies.slice(from, from + size)))
}

function p99(latencies: number[]): number {
  const sorted = latencies.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}
