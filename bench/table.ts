import type { Spread } from './findings.js'
import { judge } from './ratios.js'

/** Formats measurements and ratios as tables for a terminal. */
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
    ...align([['ours / other', 'median', 'min', 'max', 'target', ''], ...compared]),
  ].join('\n')
}

function numbers({ median, min, max }: Spread, digits: number): string[] {
  return [median, min, max].map((value) => value.toFixed(digits))
}

/** Returns the table cells for target and verdict; an empty array if the ratio has no target. */
export function formatVerdict(name: string, ratio: number): string[] {
  const judged = judge(name, ratio)
  if (!judged) return []
  const { atLeast, atMost, aim, verdict } = judged
  const target = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`
  return [aim === undefined ? target : `${target} (aim ${aim})`, verdict === 'missed' ? 'MISSED' : verdict]
}

/** Aligns the columns of a table: the first to the left, the others to the right. */
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
