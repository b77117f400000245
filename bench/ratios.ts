import { refusals } from './calls.js'
import { key, type Round, type Spread, spreadOf } from './findings.js'

/** What must be reached. */
export interface Target {
  atLeast?: number
  atMost?: number
  aim?: number
}

export const TARGETS: Record<string, Target> = {
  'list/hand-written': { atLeast: 0.85, aim: 1 },
  'create/hand-written': { atLeast: 0.7, aim: 0.9 },
  'resources/hand-written': { atLeast: 0.85 },
  'list/prisma-naive': { atLeast: 4 },
  'p99-at-half-peak/hand-written': { atMost: 1.3 },
  'refused/list': { atLeast: 1.5 },
  'list at 5000000 rows/at 10000 (ours)': { atLeast: 0.9 },
}

/** Each ratio is taken within a round, and what counts is the median of the rounds. */
export function findRatios(rounds: Round[]): Record<string, Spread> {
  const pairs: [ratio: string, of: string, to: string][] = [
    ...['list', 'create', 'resources'].flatMap((call) =>
      (['hand-written', 'prisma-naive'] as const).map((peer): [string, string, string] => [
        `${call}/${peer}`,
        key(call, 'ours'),
        key(call, peer),
      ]),
    ),
    ['list/floor', key('list', 'ours'), key('list', 'floor')],
    ['resources/floor', key('resources', 'ours'), key('resources', 'floor')],
    ['p99-at-half-peak/hand-written', key('p99 at half peak', 'ours'), key('p99 at half peak', 'hand-written')],
    [
      'p99-at-half-peak-with-pauses/hand-written',
      key('p99 at half peak, pauses included', 'ours'),
      key('p99 at half peak, pauses included', 'hand-written'),
    ],
    ...refusals.map(({ name }): [string, string, string] => [`${name}/list`, key(name, 'ours'), key('list', 'ours')]),
  ]
  const ratios = Object.fromEntries(
    pairs.map(([name, of, to]) => [name, spreadOf(rounds.map((round) => (round[of] ?? 0) / (round[to] ?? 0)))]),
  )
  // The slowest refusal stands for all.
  const [slowest] = refusals
    .flatMap(({ name }) => ratios[`${name}/list`] ?? [])
    .sort((one, other) => one.median - other.median)
  return { ...ratios, ...(slowest && { 'refused/list': slowest }) }
}

export function findValues(rounds: Round[]): Record<string, Spread> {
  const keys = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(keys.map((name) => [name, spreadOf(rounds.map((round) => round[name] ?? Number.NaN))]))
}

/** Whether a ratio reaches its target; undefined where there is none. */
export function isReached(name: string, ratio: number): boolean | undefined {
  const target = TARGETS[name]
  if (!target) return undefined
  return ratio >= (target.atLeast ?? Number.NEGATIVE_INFINITY) && ratio <= (target.atMost ?? Number.POSITIVE_INFINITY)
}
