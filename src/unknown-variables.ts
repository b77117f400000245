/** Variables with these prefixes are meant for this service. */
const PREFIX = /^(DATABASE|GITHUB_(API|APP|RATE|WEBHOOK)|RATE_LIMIT|SHUTDOWN|MIGRATE|MAX_(EVENT|IMPORTS|PROJECT))_/

/** Names of this length and more are compared; shorter ones resemble too many others. */
const MIN_LENGTH = 7

/** The maximum number of characters that a misspelled name differs by. */
const MAX_DISTANCE = 2

/**
 * Finds variables that are probably meant for this service, and that it does not read.
 *
 * @param known the variables that it reads
 * @returns a message for each, which never contains its value
 */
export function findUnknownVariables(known: string[], env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(env).filter((name) => !known.includes(name))
  return names.flatMap((name) => {
    const similar = known.find((other) => isSimilar(name, other))
    if (similar) return [`${name} is not a variable of this service: is ${similar} meant?`]
    return PREFIX.test(name) ? [`${name} is not a variable of this service`] : []
  })
}

function isSimilar(name: string, other: string): boolean {
  if (other.length < MIN_LENGTH || Math.abs(name.length - other.length) > MAX_DISTANCE) return false
  return distance(name.toUpperCase(), other) <= MAX_DISTANCE
}

/** The Levenshtein distance. */
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
