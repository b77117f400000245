import type { Call } from './calls.js'
import * as calls from './calls.js'
import type { Contender, Name } from './contenders.js'
import { type Dataset, removeWritten } from './data.js'
import { ask } from './equal.js'
import { spreadOf } from './findings.js'
import type { Generator } from './generator.js'

export interface Field {
  generator: Generator
  databaseUrl: string
  dataset: Dataset
}

/** Times are in seconds. */
export interface Pace {
  rounds: number
  warmup: number
  /** Of one measurement. */
  seconds: number
  /** The same, of what is refused. */
  refusalSeconds: number
  /** The same, of latencies, in several turns each. */
  tailSeconds: number
  tailTurns: number
  /** The same, of the rate that half is taken of. */
  tailPeakSeconds: number
}

export const FULL: Pace = {
  rounds: 5,
  warmup: 2,
  seconds: 3,
  refusalSeconds: 2,
  tailSeconds: 0.25,
  tailTurns: 21,
  tailPeakSeconds: 1,
}

export const QUICK: Pace = {
  rounds: 2,
  warmup: 0.3,
  seconds: 0.6,
  refusalSeconds: 0.3,
  tailSeconds: 0.25,
  tailTurns: 3,
  tailPeakSeconds: 0.4,
}

/** How many turns follow on each look at the rate. */
const TURNS_PER_PEAK = 7

/** Of every measurement but those that say otherwise. */
const CONNECTIONS = 64

/** What one round has found: requests a second, or milliseconds, by `call contender`. */
export type Round = Record<string, number>

export const key = (call: string, name: Name) => `${call} ${name}`

const CALLS = [calls.list, calls.resources, calls.create]

/** Nothing is created from memory. */
const takesPart = ({ name }: Contender, call: Call) => name !== 'floor' || call !== calls.create

/**
 * Measures everybody at everything, `rounds` times: within a round each call is one contender's turn after the other's,
 * and each round begins with the next contender.
 */
export async function measureRounds(field: Field, contenders: Contender[], pace: Pace, say: (what: string) => void) {
  for (const contender of contenders) {
    say(`warming ${contender.name}`)
    for (const call of CALLS.filter((call) => takesPart(contender, call))) {
      await measure(field, contender, call, pace.warmup)
    }
  }
  const rounds: Round[] = []
  for (let number = 0; number < pace.rounds; number += 1) {
    say(`round ${number + 1} of ${pace.rounds}`)
    const order = contenders.map((_, index) => contenders[(index + number) % contenders.length] as Contender)
    rounds.push(await measureRound(field, order, pace))
  }
  return rounds
}

async function measureRound(field: Field, order: Contender[], pace: Pace): Promise<Round> {
  const round: Round = {}
  for (const call of CALLS) {
    for (const contender of order.filter((one) => takesPart(one, call))) {
      round[key(call.name, contender.name)] = await measure(field, contender, call, pace.seconds)
      if (call !== calls.list || contender.name !== 'ours') continue
      // Beside the list, to which they are compared.
      for (const refusal of calls.refusals) {
        round[key(refusal.name, 'ours')] = await measure(field, contender, refusal, pace.refusalSeconds)
      }
    }
  }
  return { ...round, ...(await measureTails(field, order, pace)) }
}

/**
 * p99 at half of the rate that the contender has just reached. Turns are short and of what they find the median counts:
 * pauses of the machine, several a second where others use it too, fall into less than half of them.
 */
async function measureTails(field: Field, order: Contender[], pace: Pace): Promise<Round> {
  const measured = order
    .filter(({ name }) => name === 'ours' || name === 'hand-written')
    .map((contender) => ({ contender, peak: 0, found: [] as number[] }))
  for (let turn = 0; turn < pace.tailTurns; turn += 1) {
    for (const one of measured) {
      // Half of what it reached when the machine had more, or less, to give is not half of its peak.
      if (turn % TURNS_PER_PEAK === 0) one.peak = await measure(field, one.contender, calls.list, pace.tailPeakSeconds)
      one.found.push(await measureTail(field, one.contender, one.peak / 2, pace.tailSeconds))
    }
  }
  return Object.fromEntries(
    measured.map(({ contender, found }) => [key('p99 at half peak', contender.name), spreadOf(found).median]),
  )
}

/** Who creates does so in projects of their own. */
const PROJECT: Record<Name, number> = { ours: 1, 'hand-written': 2, 'prisma-naive': 3, floor: 0 }

/** A server that has not answered once is given more time, up to about this many seconds. */
const LONGEST = 10

/** @returns answers a second */
export async function measure(
  field: Field,
  contender: Contender,
  call: Call,
  duration: number,
  { connections = CONNECTIONS, project = call === calls.create ? PROJECT[contender.name] : 0 } = {},
): Promise<number> {
  const { generator, databaseUrl, dataset } = field
  const { url } = contender
  const requests = call.requests(dataset, project)
  const { rate } = await generator.run({ url, requests, duration, connections }, call.status)
  // What the load has left in the server's queues is done when a request that comes after it is answered.
  if (requests[0]) await ask({ url }, requests[0])
  if (call === calls.create) await removeWritten(databaseUrl, dataset)
  if (rate > 0 || duration > LONGEST) return rate
  return await measure(field, contender, call, duration * 4, { connections, project })
}

/** @returns the latency of the list that 99 of 100 requests keep below, in milliseconds */
async function measureTail({ generator, dataset }: Field, { url }: Contender, rate: number, duration: number) {
  const requests = calls.list.requests(dataset)
  const { p99 = Number.NaN } = await generator.run({ url, requests, duration, connections: CONNECTIONS, rate }, 200)
  return p99
}
