/** A deterministic random generator: a seed gives the same sequence on every machine. */
export interface Random {
  /** Returns an integer from `min` to `max`, both inclusive. */
  int(min: number, max: number): number
  /** Returns true with a probability in percent, which may be a fraction. */
  chance(percent: number): boolean
  pick<T>(items: readonly T[]): T
  /** Picks a key with a probability proportional to its weight. */
  weighted<K extends string>(weights: Record<K, number>): K
}

/** Creates a mulberry32 generator, whose state is one 32-bit integer. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    int,
    chance: (percent) => next() * 100 < percent,
    pick: <T>(items: readonly T[]) => {
      if (items.length === 0) throw new Error('Cannot pick from an empty list')
      return items[int(0, items.length - 1)] as T
    },
    weighted: <K extends string>(weights: Record<K, number>) => {
      const entries = Object.entries(weights) as [K, number][]
      let rest = next() * entries.reduce((total, [, weight]) => total + weight, 0)
      for (const [key, weight] of entries) {
        rest -= weight
        if (rest < 0) return key
      }
      return (entries.at(-1) as [K, number])[0]
    },
  }
}
