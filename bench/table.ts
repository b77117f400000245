import type { Spread } from './findings.js'
import { isReached, TARGETS } from './ratios.js'

/** The values and the ratios, as a person reads them in a terminal. */
export function formatTables(values: Record<string, Spread>, ratios: Record<string, Spread>): string {
  const measured = Object.entries(values).map(([name, spread]) => {
    const unit = name.startsWith('p99') ? 'ms' : '/s'
    return [name, ...numbers(spread, unit === 'ms' ? 2 : 0), unit]
  })
  const compared = Object.entries(ratios).map(([name, spread]) => [
    name,
    ...numbers(spread, 2),
    ...formatVerdict(name, spread.median),
  ])
  return [
    ...align([['measured', 'median', 'min', 'max', ''], ...measured]),
    '',
    ...align([['ours / other', 'median', 'min', 'max', 'must', ''], ...compared]),
  ].join('\n')
}

function numbers({ median, min, max }: Spread, digits: number): string[] {
  return [median, min, max].map((value) => value.toFixed(digits))
}

/** What a ratio must be, and whether it is; nothing where there is no target. */
export function formatVerdict(name: string, ratio: number): string[] {
  const { atLeast, atMost } = TARGETS[name] ?? {}
  if (atLeast === undefined && atMost === undefined) return []
  return [atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`, isReached(name, ratio) ? 'reached' : 'MISSED']
}

export function align(rows: string[][]): string[] {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
