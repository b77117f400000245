import type { Call } from './calls.js'
import * as calls from './calls.js'
import type { Contender } from './contenders.js'
import { key, type Round } from './findings.js'
import { type Field, measure } from './measure.js'
import { measureTails, type TailPace } from './tails.js'

/** Times are in seconds. */
export interface Pace extends TailPace {
  rounds: number
  warmup: number
  /** Duration of a measurement. */
  seconds: number
  /** Duration of a measurement of refused requests. */
  refusalSeconds: number
}

/**
 * Many short rounds rather than few long ones: the speed of a shared machine can change by a factor of two within
 * seconds, so the two measurements of a ratio must be close in time.
 */
export const FULL: Pace = {
  rounds: 15,
  warmup: 3,
  seconds: 1,
  refusalSeconds: 0.5,
  tailTurns: 3,
  fullLoadSeconds: 0.8,
  halfPeakSeconds: 1,
}

export const QUICK: Pace = {
  rounds: 2,
  warmup: 0.3,
  seconds: 0.5,
  refusalSeconds: 0.2,
  tailTurns: 2,
  fullLoadSeconds: 0.4,
  halfPeakSeconds: 0.5,
}

const CALLS = [calls.list, calls.resources, calls.create]

/** The floor serves responses from memory, so it cannot create anything. */
const supports = ({ name }: Contender, call: Call) => name !== 'floor' || call !== calls.create

/**
 * Measures all contenders in several rounds. Within a round, each call is measured for all contenders in sequence. Each
 * round starts with the next contender.
 */
export async function measureRounds(field: Field, contenders: Contender[], pace: Pace, log: (message: string) => void) {
  for (const contender of contenders) {
    log(`warming up ${contender.name}`)
    for (const call of CALLS.filter((call) => supports(contender, call))) {
      await measure(field, contender, call, pace.warmup)
    }
  }
  const rounds: Round[] = []
  for (let number = 0; number < pace.rounds; number += 1) {
    log(`round ${number + 1} of ${pace.rounds}`)
    const order = contenders.map((_, index) => contenders[(index + number) % contenders.length] as Contender)
    rounds.push(await measureRound(field, order, pace))
  }
  return rounds
}

async function measureRound(field: Field, order: Contender[], pace: Pace): Promise<Round> {
  const round: Round = {}
  for (const call of CALLS) {
    for (const contender of order.filter((one) => supports(one, call))) {
      round[key(call.name, contender.name)] = await measure(field, contender, call, pace.seconds)
      if (call !== calls.list || contender.name !== 'ours') continue
      // Immediately after the list, to which refusals are compared.
      for (const refusal of calls.refusals) {
        round[key(refusal.name, 'ours')] = await measure(field, contender, refusal, pace.refusalSeconds)
      }
    }
  }
  return { ...round, ...(await measureTails(field, order, pace)) }
}
