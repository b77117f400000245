/**
 * A name that GitHub stated, for one account or one repository. Names are compared without regard to letter case.
 *
 * @see docs/decisions/021-github-ids.md
 */
export interface NameStatement {
  /** Null if this is not a change, but a name that was in use. `#12345/*` if only the former owner is known. */
  former_name: string | null
  name: string
  /** GitHub's time; null if it did not give one. */
  known_at: Date | null
  /** Whether it counts only if there is no other. */
  weak: boolean
}

/**
 * Finds the present name of an account or a repository. The result does not depend on the order of delivery: the newest
 * statement decides. Changes of the same second, or without a time, form a chain (a to b, b to c), whose end is the
 * present name.
 *
 * @param statements in the order of their arrival, each once
 * @returns undefined if there is none
 */
export function presentName(statements: NameStatement[]): string | undefined {
  const strong = statements.filter(({ weak }) => !weak)
  if (strong.length === 0) return statements.at(-1)?.name
  const dated = strong.filter(({ known_at }) => known_at !== null)
  const newest = Math.max(...dated.map(timeOf))
  // GitHub reports the change of an organization's name in two events, of which only one has a time.
  const undated = strong.filter((one) => one.known_at === null && !dated.some((other) => isSameChange(one, other)))
  const latest = [...undated, ...dated.filter((one) => timeOf(one) === newest)]
  const changes = latest.filter(({ former_name }) => former_name !== null)
  if (changes.length === 0) return latest.at(-1)?.name

  const before = presentName(dated.filter((one) => timeOf(one) < newest))
  const inUse = latest.filter(({ former_name }) => former_name === null).map(({ name }) => name)
  const start = [before, ...inUse].find((name) => name !== undefined && changes.some((one) => isLeftBy(name, one)))
  const ends = endsOf(changes, keyOf(start ?? ''))
  return changes.findLast(({ name }) => ends.includes(keyOf(name)))?.name ?? start ?? changes.at(-1)?.name
}

const keyOf = (name: string | null): string => name?.toLowerCase() ?? ''

const timeOf = ({ known_at }: NameStatement): number => known_at?.getTime() ?? Number.NaN

const isSameChange = (one: NameStatement, other: NameStatement): boolean =>
  keyOf(one.former_name) === keyOf(other.former_name) && keyOf(one.name) === keyOf(other.name)

/** Finds the names that were taken more often than they were left: one, if the chain has no gap and its start is known. */
function endsOf(changes: NameStatement[], start: string): string[] {
  const balance = new Map([[start, 1]])
  const count = (key: string, by: number) => balance.set(key, (balance.get(key) ?? 0) + by)
  for (const { name } of changes) count(keyOf(name), 1)
  const [unknown, known] = [true, false].map((is) => changes.filter((one) => isUnknown(one) === is))
  for (const { former_name } of known ?? []) count(keyOf(former_name), -1)
  const isLeft = known?.some(({ former_name }) => keyOf(former_name) === start)
  for (const change of unknown ?? []) {
    const sameName = ownerOf(change) + keyOf(change.name).replace(/^.*\//, '')
    const left = [isLeft ? sameName : start, sameName, ...balance.keys()].find(
      (key) => isLeftBy(key, change) && (balance.get(key) ?? 0) > 0,
    )
    if (left !== undefined) count(left, -1)
  }
  return [...balance.keys()].filter((key) => (balance.get(key) ?? 0) > 0)
}

const isUnknown = ({ former_name }: NameStatement): boolean => former_name?.endsWith('/*') ?? false

/** Returns the former owner of a repository whose former name is not known: `#12345/`. */
const ownerOf = ({ former_name }: NameStatement): string => keyOf(former_name).slice(0, -1)

/** Whether a change may have ended the use of a name. */
const isLeftBy = (name: string, change: NameStatement): boolean =>
  isUnknown(change) ? keyOf(name).startsWith(ownerOf(change)) : keyOf(name) === keyOf(change.former_name)
