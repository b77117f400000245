import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import { escapeXml } from './xml.js'

/** The file format of `node --cpu-prof`. */
export interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[]
  samples: number[]
  /** In microseconds, like startTime, which is from the clock of process.hrtime. */
  timeDeltas: number[]
  startTime: number
}

interface CallFrame {
  functionName: string
  url: string
  /** Counted from 0, like the column. */
  lineNumber: number
  columnNumber: number
}

interface Frame {
  name: string
  module: string
  self: number
  total: number
  children: Frame[]
}

const IDLE = '(idle)'
const WIDTH = 1600
const ROW = 17
/** Minimum width of a visible frame, in pixels. */
const MIN_WIDTH = 0.4

/** Draws a flame graph: callers are below their callees, and widths are proportional to time. */
export function drawFlames(profile: CpuProfile, title: string): string {
  const root = toTree(profile)
  const rows = depthOf(root)
  const height = (rows + 2) * ROW
  const draw = (frame: Frame, x: number, depth: number): string => {
    const width = (frame.total / root.total) * WIDTH
    if (width < MIN_WIDTH) return ''
    const y = height - (depth + 1) * ROW
    const share = `${((frame.total / root.total) * 100).toFixed(1)} %`
    const label = width > 40 ? frame.name.slice(0, Math.floor(width / 6.5)) : ''
    let left = x
    const above = frame.children.map((child) => {
      const drawn = draw(child, left, depth + 1)
      left += (child.total / root.total) * WIDTH
      return drawn
    })
    const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colorOf(frame.module)}"/>`
    const text = label ? `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escapeXml(label)}</text>` : ''
    const about = `<title>${escapeXml(`${frame.name} (${frame.module}) ${share}`)}</title>`
    return `<g>${about}${box}${text}</g>\n${above.join('')}`
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="4" y="13" font-size="13">${escapeXml(title)}</text>
${draw(root, 0, 0)}</svg>
`
}

/** Returns the part of a profile after `moment`, in microseconds, to omit the startup. */
export function since(profile: CpuProfile, moment: number): CpuProfile {
  let time = profile.startTime
  const first = profile.timeDeltas.findIndex((delta) => {
    time += delta
    return time >= moment
  })
  return { ...profile, samples: profile.samples.slice(first), timeDeltas: profile.timeDeltas.slice(first) }
}

/** Computes the self time of functions and modules, as a share of the time during which the process was not idle. */
export function selfTimes(profile: CpuProfile) {
  const root = toTree(profile)
  const sum = (nameOf: (frame: Frame) => string) => {
    const totals = new Map<string, number>()
    const visit = (frame: Frame) => {
      totals.set(nameOf(frame), (totals.get(nameOf(frame)) ?? 0) + frame.self / root.total)
      frame.children.forEach(visit)
    }
    visit(root)
    return [...totals].sort(([, a], [, b]) => b - a)
  }
  return { functions: sum(({ name, module }) => `${name} (${module})`), modules: sum(({ module }) => module) }
}

function toTree({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const times = new Map<number, number>()
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const build = (id: number): Frame => {
    const node = byId.get(id)
    const children = (node?.children ?? []).map(build).filter(({ name }) => name !== IDLE)
    const self = times.get(id) ?? 0
    const total = children.reduce((sum, child) => sum + child.total, self)
    const { functionName = '', url = '', lineNumber = 0, columnNumber = 0 } = node?.callFrame ?? {}
    const module = moduleOf(url, lineNumber, columnNumber)
    const name = functionName || `anonymous:${lineNumber + 1}`
    return { name, module, self, total, children: children.sort((a, b) => b.total - a.total) }
  }
  return build(nodes[0]?.id ?? 0)
}

/** Folder of the bundled modules of the service, as a complete URL, because packages can have a folder `dist`, too. */
const DIST = new URL('../dist/', import.meta.url).href

/** Source maps of these modules. */
const maps = new Map<string, SourceMap>()

/** Returns the name of the package or built-in module, or the file of this project. */
function moduleOf(url: string, line: number, column: number): string {
  if (url === '') return 'V8'
  const source = url.startsWith(DIST) ? sourceOf(url, line, column) : url
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)
  return inPackage?.[1] ?? source.replace(/^.*?\bsrc\//, 'src/')
}

/** Returns the path of the source of a position in a bundled module, or '' if there is none. */
function sourceOf(url: string, line: number, column: number): string {
  const map = maps.get(url) ?? new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')))
  maps.set(url, map)
  const entry = map.findEntry(line, column)
  return 'originalSource' in entry ? entry.originalSource : ''
}

function depthOf(frame: Frame): number {
  return 1 + Math.max(0, ...frame.children.map(depthOf))
}

function colorOf(module: string): string {
  if (module === 'V8') return '#cfd8dc'
  if (module.startsWith('node:')) return '#b3d7a4'
  if (module.startsWith('src/')) return '#f7a072'
  return module.startsWith('pg') ? '#9ec5e8' : '#f4d58d'
}
