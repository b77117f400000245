/**
 * A name that GitHub stated for an account or a repository. Names are compared case-insensitively.
 *
 * @see docs/decisions/021-github-ids.md
 */
export interface NameStatement {
  /**
   * The name before a rename or transfer; `#12345/*` or `login/*` if only the former owner is known. Null if the
   * statement does not describe a change, but only gives the name in use.
   */
  former_name: string | null
  name: string
  /** Time of the last change of the account or repository (GitHub's `updated_at`); null if GitHub did not send it. */
  known_at: Date | null
  /** Whether the statement counts only if there are no strong statements. */
  weak: boolean
}

/**
 * Computes the current name of an account or a repository. The newest strong statement decides. Changes within the same
 * second, or without a time, form a chain (a to b, b to c) whose end is the current name. The order of arrival decides
 * only between statements that neither their times nor the chain can order, or if all statements are weak.
 *
 * @param statements in order of arrival, without duplicates
 * @returns undefined if there are no statements
 */
export function currentName(statements: NameStatement[]): string | undefined {
  const strong = statements.filter(({ weak }) => !weak)
  if (strong.length === 0) return statements.at(-1)?.name
  const dated = strong.filter(({ known_at }) => known_at !== null)
  const newest = Math.max(...dated.map(timeOf))
  // GitHub reports the rename of an organization in two events, of which only one has a time. Ignore the other one.
  const undated = strong.filter((item) => item.known_at === null && !dated.some((other) => isSameChange(item, other)))
  const latest = [...undated, ...dated.filter((item) => timeOf(item) === newest)]
  const changes = latest.filter(({ former_name }) => former_name !== null)
  if (changes.length === 0) return latest.at(-1)?.name

  const before = currentName(dated.filter((item) => timeOf(item) < newest))
  const inUse = latest.filter(({ former_name }) => former_name === null).map(({ name }) => name)
  const start = [before, ...inUse].find((name) => name !== undefined && changes.some((item) => isLeftBy(name, item)))
  const ends = findEnds(changes, keyOf(start ?? ''))
  return changes.findLast(({ name }) => ends.includes(keyOf(name)))?.name ?? start ?? changes.at(-1)?.name
}

const keyOf = (name: string | null): string => name?.toLowerCase() ?? ''

const timeOf = ({ known_at }: NameStatement): number => known_at?.getTime() ?? Number.NaN

const isSameChange = (a: NameStatement, b: NameStatement): boolean =>
  keyOf(a.former_name) === keyOf(b.former_name) && keyOf(a.name) === keyOf(b.name)

/**
 * Finds the ends of a chain of changes: the names that were adopted more often than they were given up. If the chain
 * has no gap and its start is known, there is exactly one.
 */
function findEnds(changes: NameStatement[], start: string): string[] {
  const balance = new Map([[start, 1]])
  const count = (key: string, by: number) => balance.set(key, (balance.get(key) ?? 0) + by)
  for (const { name } of changes) count(keyOf(name), 1)
  const known = changes.filter((change) => !isFormerNameUnknown(change))
  for (const { former_name } of known) count(keyOf(former_name), -1)
  const isLeft = known.some(({ former_name }) => keyOf(former_name) === start)
  // If the former name of a transfer is unknown, guess it among the names in use that belong to the former owner. Try,
  // in this order: the name at the start of the chain, unless another change gave it up; the repository's new name
  // under the former owner; any other name.
  for (const change of changes.filter(isFormerNameUnknown)) {
    const sameName = ownerOf(change) + keyOf(change.name).replace(/^.*\//, '')
    const left = [isLeft ? sameName : start, sameName, ...balance.keys()].find(
      (key) => isLeftBy(key, change) && (balance.get(key) ?? 0) > 0,
    )
    if (left !== undefined) count(left, -1)
  }
  return [...balance.keys()].filter((key) => (balance.get(key) ?? 0) > 0)
}

const isFormerNameUnknown = ({ former_name }: NameStatement): boolean => former_name?.endsWith('/*') ?? false

/** Returns the former owner of a transferred repository whose former name is unknown: `#12345/`. */
const ownerOf = ({ former_name }: NameStatement): string => keyOf(former_name).slice(0, -1)

/** Whether `change` may have ended the use of `name`. */
const isLeftBy = (name: string, change: NameStatement): boolean =>
  isFormerNameUnknown(change) ? keyOf(name).startsWith(ownerOf(change)) : keyOf(name) === keyOf(change.former_name)
