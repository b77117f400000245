import { listByMany } from './calls.js'
import type { Growth, Series, Spread } from './findings.js'
import { judge, TARGETS } from './ratios.js'
import { escapeXml } from './xml.js'

const WIDTH = 1140
const PANEL = { width: 500, height: 290 }
const PLOT = { left: 56, top: 44, width: 300, height: 190 }
const COLORS: Record<string, string> = {
  ours: '#d1495b',
  equipped: '#3a7d44',
  'hand-written': '#2e6f95',
  'equipped-prisma': '#b07d2b',
  'prisma-naive': '#8a8f98',
}
const DASHES: Record<string, string> = { list: '', resources: '6 3', create: '2 3', [listByMany.name]: '8 3 2 3' }

/** Draws the ratios of the last full run, and the rates by size. Results that do not exist yet are omitted. */
export function drawChart(
  results: { spreads: Record<string, Spread> } | undefined,
  growth: Growth | undefined,
): string {
  const panels = [
    ...(results ? [drawRatios(results.spreads)] : []),
    ...(growth
      ? [
          drawLines('Requests per second, by imports or links in the project', growth.importsInProject),
          drawLines('Requests per second, by connections', growth.connections),
          drawLines('Requests per second, by rows in the database', growth.rows),
        ]
      : []),
  ]
  const height = Math.ceil(panels.length / 2) * PANEL.height + 20
  const placed = panels.map((panel, index) => {
    const [x, y] = [(index % 2) * (PANEL.width + 40) + 20, Math.floor(index / 2) * PANEL.height + 10]
    return `<g transform="translate(${x} ${y})">${panel}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#222">
<title>Results of npm run bench</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${placed.join('\n')}
</svg>
`
}

/**
 * For each ratio with a target, draws a bar, a line from the lowest to the highest round, and a mark at the target.
 */
function drawRatios(spreads: Record<string, Spread>): string {
  const shown = Object.entries(spreads).filter(([name]) => TARGETS[name])
  const left = 190
  const rows = shown.map(([name, spread], index) => {
    const { atLeast, atMost } = TARGETS[name] ?? {}
    const bound = atLeast ?? atMost ?? 1
    // Each row has its own scale, with the target in the middle.
    const at = (value: number) => left + Math.min(value / bound / 2, 1) * 240
    const y = PLOT.top + index * 30
    const color = judge(name, spread.median)?.verdict === 'missed' ? '#c0392b' : '#3a7d44'
    return [
      text(left - 8, y + 13, name, 'end'),
      `<rect x="${left}" y="${y}" width="${at(spread.median) - left}" height="18" fill="${color}" opacity="0.75"/>`,
      line(at(spread.min), y + 9, at(spread.max), y + 9, '#222'),
      line(at(bound), y - 4, at(bound), y + 22, '#222', '3 2'),
      text(left + 246, y + 13, `${spread.median.toFixed(2)} (${atLeast === undefined ? '≤' : '≥'} ${bound})`),
    ].join('')
  })
  return `${heading('Ours / peer: median, lowest and highest round, target')}${rows.join('\n')}`
}

/** Draws rates by size. Both axes are logarithmic. */
function drawLines(title: string, series: Series[]): string {
  const points = series.flatMap((one) => one.points)
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b)
  const [lowest, highest] = decadesAround(points.map(({ rate }) => rate.median))
  const placeX = (x: number) => PLOT.left + scale(x, xs[0] ?? 1, xs.at(-1) ?? 1) * PLOT.width
  const placeY = (rate: number) => PLOT.top + (1 - scale(Math.max(rate, lowest), lowest, highest)) * PLOT.height
  const bottom = PLOT.top + PLOT.height
  const grid: string[] = []
  for (let rate = lowest; rate <= highest; rate *= 10) {
    grid.push(line(PLOT.left, placeY(rate), PLOT.left + PLOT.width, placeY(rate), '#ddd'))
    grid.push(text(PLOT.left - 6, placeY(rate) + 4, rate.toLocaleString('en'), 'end'))
  }
  const ticks = xs.map((x) => text(placeX(x), bottom + 16, x.toLocaleString('en'), 'middle'))
  const lines = series.map(({ call, name, points: own }, index) => {
    const path = own.map(({ x, rate }) => `${placeX(x).toFixed(1)},${placeY(rate.median).toFixed(1)}`).join(' ')
    const style = `stroke="${COLORS[name]}" stroke-dasharray="${DASHES[call]}" stroke-width="2" fill="none"`
    const [x, y] = [PLOT.left + PLOT.width + 14, PLOT.top + index * 18]
    const key = `<path d="M${x} ${y}h22" ${style}/>${text(x + 28, y + 4, `${call} ${name}`)}`
    return `<polyline points="${path}" ${style}/>${key}`
  })
  return [heading(title), ...grid, ...ticks, ...lines].join('\n')
}

/** Returns the powers of ten that enclose all values. */
function decadesAround(values: number[]): [number, number] {
  const known = values.filter((value) => value > 0)
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...known)))
  return [lowest, Math.max(10 ** Math.ceil(Math.log10(Math.max(...known))), lowest * 10)]
}

/** Returns the logarithmic position of a value between two others, from 0 to 1. */
function scale(value: number, from: number, to: number): number {
  return from === to ? 0.5 : Math.log(value / from) / Math.log(to / from)
}

const heading = (title: string) => `<text y="20" font-size="13" font-weight="600">${escapeXml(title)}</text>`

const text = (x: number, y: number, content: string, anchor = 'start') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeXml(content)}</text>`

const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, dashes = '') =>
  `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${stroke}" stroke-dasharray="${dashes}"/>`
