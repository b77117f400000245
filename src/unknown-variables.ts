/** Prefixes of variables that are meant for this service. */
const PREFIX = /^(DATABASE|GITHUB_(API|APP|RATE|WEBHOOK)|RATE_LIMIT|SHUTDOWN|MIGRATE|MAX_(EVENT|IMPORTS|PROJECT))_/

/** Minimum length of a known name to suggest. Shorter names resemble too many other variables. */
const MIN_LENGTH = 7

/** Maximum edit distance of a misspelled name. */
const MAX_DISTANCE = 2

interface Names {
  /** Variables that the service reads. */
  known: string[]
  /** Variables that only earlier versions read. */
  removed: string[]
}

/**
 * Finds variables that are probably meant for this service although it does not read them.
 *
 * @returns one message for each variable, without its value
 */
export function findUnknownVariables({ known, removed }: Names, env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(env).filter((name) => !known.includes(name))
  return names.flatMap((name) => {
    if (removed.includes(name)) return [`${name} is not a variable of this service any more`]
    const similar = known.find((other) => isSimilar(name, other))
    if (similar) return [`${name} is not a variable of this service: did you mean ${similar}?`]
    return PREFIX.test(name) ? [`${name} is not a variable of this service`] : []
  })
}

function isSimilar(name: string, other: string): boolean {
  if (other.length < MIN_LENGTH || Math.abs(name.length - other.length) > MAX_DISTANCE) return false
  return distance(name.toUpperCase(), other) <= MAX_DISTANCE
}

/** Computes the Levenshtein distance. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (character === other ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
