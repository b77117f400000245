import { refusals } from './calls.js'
import { type Name, PEERS } from './contenders.js'
import { key, type Round, type Spread, spreadOf, type Target, type Verdict } from './findings.js'

/** Targets by figure. Figures without a target are reported without a verdict. */
export const TARGETS: Record<string, Target> = {
  'list/equipped': { atLeast: 0.95 },
  'resources/equipped': { atLeast: 0.95 },
  'create/equipped': { atLeast: 0.7, aim: 0.8 },
  'list/hand-written': { atLeast: 0.5, aim: 0.65 },
  'list/equipped-prisma': { atLeast: 3 },
  'create/equipped-prisma': { atLeast: 1.5 },
  'p99 at half peak/equipped': { atMost: 1.2 },
  'p99 at full load/equipped': { atMost: 1.2 },
  'list at 5000000 rows/at 10000 (ours)': { atLeast: 0.9 },
}

const CALLS = ['list', 'resources', 'create']

const TAILS = ['p99 at half peak', 'p99 at full load'].flatMap((tail) => [tail, `${tail}, pauses included`])

/** Name of the ratio of a refusal, for example `(401 without a cookie)/list`. */
const refusalRatio = (name: string) => `(${name})/list`

/**
 * A ratio: our measurement of `call`, relative to a contender's measurement of `otherCall` (default: the same call).
 */
type Figure = [name: string, call: string, contender: Name, otherCall?: string]

const FIGURES: Figure[] = [
  ...CALLS.flatMap((call) => PEERS.map((peer): Figure => [`${call}/${peer}`, call, peer])),
  ['list/floor', 'list', 'floor'],
  ['resources/floor', 'resources', 'floor'],
  ...TAILS.flatMap((tail) =>
    (['equipped', 'hand-written'] as const).map((peer): Figure => [`${tail}/${peer}`, tail, peer]),
  ),
  ...refusals.map(({ name }): Figure => [refusalRatio(name), name, 'ours', 'list']),
]

/** Computes each ratio within a round, and its spread over all rounds. */
export function findRatios(rounds: Round[]): Record<string, Spread> {
  const ratios = Object.fromEntries(
    FIGURES.map(([name, call, contender, otherCall = call]) => {
      const inRound = (round: Round) => (round[key(call, 'ours')] ?? 0) / (round[key(otherCall, contender)] ?? 0)
      return [name, spreadOf(rounds.map(inRound))]
    }),
  )
  // The slowest refusal represents all refusals.
  const [slowest] = refusals
    .flatMap(({ name }) => ratios[refusalRatio(name)] ?? [])
    .sort((one, other) => one.median - other.median)
  return { ...ratios, ...(slowest && { 'refused/list': slowest }) }
}

/** Summarizes each measurement over all rounds. */
export function findValues(rounds: Round[]): Record<string, Spread> {
  const keys = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(keys.map((name) => [name, spreadOf(rounds.map((round) => round[name] ?? Number.NaN))]))
}

/** Judges all ratios that have a target. */
export function findVerdicts(ratios: Record<string, number>): Record<string, Verdict> {
  return Object.fromEntries(
    Object.entries(ratios).flatMap(([name, value]) => {
      const verdict = judge(name, value)
      return verdict ? [[name, verdict]] : []
    }),
  )
}

/** Compares a ratio with its target. @returns undefined if it has no target */
export function judge(name: string, value: number): Verdict | undefined {
  const target = TARGETS[name]
  if (!target) return undefined
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY, aim } = target
  const isReached = value >= atLeast && value <= atMost
  const verdict = !isReached ? 'missed' : aim !== undefined && value >= aim ? 'aim reached' : 'reached'
  return { ...target, value, verdict }
}
