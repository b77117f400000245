import * as calls from './calls.js'
import { type Contender, type Name, type Peer, startOurs, startPeer } from './contenders.js'
import type { Dataset } from './data.js'
import { explainHotStatements } from './explain.js'
import { describeMachine, type Growth, type Series, spreadOf } from './findings.js'
import { startGenerator } from './generator.js'
import { type Field, measure } from './measure.js'
import type { BenchPostgres } from './postgres.js'
import { findVerdicts } from './ratios.js'
import { saveResults, saveText } from './results.js'
import { align, formatVerdict } from './table.js'

export interface GrowthOptions {
  /** Database sizes, in rows: the number of imports and links together. */
  rows: number[]
  quick: boolean
  json: boolean
  signal: AbortSignal
  log: (message: string) => void
}

const IMPORTS_IN_PROJECT = [1, 20, 200, 1000]
const CONNECTIONS = [1, 8, 64, 512]

/** The last project of each user is empty: imports are created in it. */
const SIZES: Dataset = { users: 50, perProject: [...IMPORTS_IN_PROJECT, 0] }
const EMPTY = IMPORTS_IN_PROJECT.length

/**
 * Returns a dataset with `rows` imports and links in total: half are imports and half are links, 20 of each in every
 * project. Rows of other tables are not counted.
 */
const ofRows = (rows: number): Dataset => ({ users: Math.ceil(rows / 200), perProject: [20, 20, 20, 20, 20] })

/** One measurement of a series. */
interface Step {
  call: calls.Call
  name: Name
  x: number
  run: () => Promise<number>
}

/** Measures how rates change with the size of a project, the number of connections, and the size of the database. */
export async function runGrowth(postgres: BenchPostgres, options: GrowthOptions): Promise<void> {
  const { rows, quick, json, signal, log } = options
  const generator = await startGenerator(signal)
  const contenders: Contender[] = []
  const loadSeconds: Record<string, number> = {}
  const load = async (name: string, dataset: Dataset): Promise<Field> => {
    log(`loading ${name}`)
    const start = performance.now()
    const databaseUrl = await postgres.createDatabase(name, dataset)
    loadSeconds[name] = (performance.now() - start) / 1000
    return { generator, databaseUrl, dataset }
  }
  const startIn = async (field: Field, peers: Peer[]) => {
    const options = { folder: postgres.folder, databaseUrl: field.databaseUrl }
    const started = await Promise.all([startOurs(options), ...peers.map((name) => startPeer(name, options))])
    contenders.push(...started)
    return started
  }
  try {
    const sizes = await load('sizes', SIZES)
    const three = await startIn(sizes, ['equipped', 'hand-written'])
    const pace = quick ? { rounds: 1, seconds: 0.5 } : { rounds: 3, seconds: 1.2 }
    // Measurements are short, so that those to be compared are only seconds apart. The warm-up is long, since each
    // backend process maps the pages of a large database one by one: at 5 million rows, rates were stable after the
    // third round.
    const rowsPace = quick ? { warmups: 4, rounds: 7, seconds: 0.5 } : { warmups: 8, rounds: 15, seconds: 0.8 }
    log('imports in a project')
    const importsInProject = await runSteps(inProject(sizes, three, pace.seconds), pace.rounds)
    log('connections')
    const connections = await runSteps(onConnections(sizes, three, pace.seconds), pace.rounds)
    const fewest = Math.min(...rows.map((count) => ofRows(count).users))
    const steps: Step[] = []
    for (const count of rows) {
      const field = await load(`rows_${count}`, ofRows(count))
      steps.push(...inRows(field, await startIn(field, ['equipped']), fewest, count, rowsPace.seconds))
    }
    log('rows')
    // Sort by contender, because each contender is compared with itself across databases.
    steps.sort((a, b) => a.name.localeCompare(b.name))
    const inDatabase = await runSteps(steps, rowsPace.rounds, rowsPace.warmups)
    const largest = Math.max(...rows)
    log(`plans at ${largest} rows`)
    const plans = await explainHotStatements(postgres.urlOf(`rows_${largest}`), ofRows(largest))
    const ratios = lastToFirst(inDatabase)
    const growth: Growth = {
      machine: describeMachine(),
      verdicts: findVerdicts(ratios),
      ratios,
      loadSeconds,
      importsInProject,
      connections,
      rows: inDatabase,
    }
    if (!quick) {
      await saveText('explain.txt', plans.text)
      await saveResults('growth', growth)
    }
    console.log(json ? JSON.stringify(growth, null, 2) : `${formatGrowth(growth)}\n\n${plans.summary}`)
  } finally {
    await generator.stop()
    for (const contender of contenders) await contender.stop()
  }
}

function inProject(field: Field, contenders: Contender[], seconds: number): Step[] {
  return IMPORTS_IN_PROJECT.flatMap((x, project) =>
    [calls.list, calls.resources].flatMap((call) =>
      contenders.map((contender) => ({
        call,
        name: contender.name,
        x,
        run: () => measure(field, contender, call, seconds, { project }),
      })),
    ),
  )
}

function onConnections(field: Field, contenders: Contender[], seconds: number): Step[] {
  const project = new Map([
    [calls.list, IMPORTS_IN_PROJECT.indexOf(20)],
    [calls.resources, IMPORTS_IN_PROJECT.indexOf(20)],
    [calls.create, EMPTY],
  ])
  return CONNECTIONS.flatMap((x) =>
    [...project].flatMap(([call, project]) =>
      contenders.map((contender) => ({
        call,
        name: contender.name,
        x,
        run: () => measure(field, contender, call, seconds, { project, connections: x }),
      })),
    ),
  )
}

/**
 * Returns the steps for one database: every call by `users` users, and the list by up to 500 users. `users` is the same
 * for all databases.
 */
function inRows(field: Field, contenders: Contender[], users: number, x: number, seconds: number): Step[] {
  const same = [calls.list, calls.resources, calls.create].map((call) => calls.byFewer(call, users))
  return [...same, calls.listByMany].flatMap((call) =>
    contenders.map((contender) => ({
      call,
      name: contender.name,
      x,
      run: () => measure(field, contender, call, seconds),
    })),
  )
}

/** Runs all steps in several rounds after the warm-up rounds. Steps that are compared run close together. */
async function runSteps(steps: Step[], rounds: number, warmups = 1): Promise<Series[]> {
  const ordered = [...steps].sort((a, b) => a.call.name.localeCompare(b.call.name))
  const rates = new Map<Step, number[]>(steps.map((step) => [step, []]))
  for (let round = 0; round < warmups; round += 1) {
    for (const step of ordered) await step.run()
  }
  for (let round = 0; round < rounds; round += 1) {
    // Alternate the direction, so that no step always follows the same other step.
    for (const step of round % 2 === 0 ? ordered : ordered.toReversed()) rates.get(step)?.push(await step.run())
  }
  const series = new Map<string, Series>()
  for (const step of steps) {
    const { call, name, x } = step
    const known = series.get(`${call.name} ${name}`) ?? { call: call.name, name, points: [] }
    const rounds = rates.get(step) ?? []
    known.points.push({ x, rate: spreadOf(rounds), rounds })
    series.set(`${call.name} ${name}`, known)
  }
  return [...series.values()]
}

/** Computes, for each series, the median ratio of the rate with the last number of rows to the rate with the first. */
function lastToFirst(series: Series[]): Record<string, number> {
  return Object.fromEntries(
    series.map(({ call, name, points }) => {
      const [first, last] = [points[0], points.at(-1)]
      const ratios = (last?.rounds ?? []).map((rate, round) => rate / (first?.rounds[round] ?? Number.NaN))
      return [`${call} at ${last?.x} rows/at ${first?.x} (${name})`, spreadOf(ratios).median]
    }),
  )
}

function formatGrowth({ importsInProject, connections, rows, ratios, loadSeconds }: Growth): string {
  const format = (title: string, series: Series[]) => {
    const rates = series.map(({ call, name, points }) => [
      `${call} ${name}`,
      ...points.map(({ rate }) => rate.median.toFixed(0)),
    ])
    return [
      ...align([[`${title}, requests/s at`, ...(series[0]?.points ?? []).map(({ x }) => String(x))], ...rates]),
      '',
    ]
  }
  return [
    ...format('imports or links in a project', importsInProject),
    ...format('connections', connections),
    ...format('rows in the database', rows),
    ...align(Object.entries(ratios).map(([name, ratio]) => [name, ratio.toFixed(2), ...formatVerdict(name, ratio)])),
    '',
    ...align(Object.entries(loadSeconds).map(([name, seconds]) => [`loading ${name}`, `${seconds.toFixed(1)} s`])),
  ].join('\n')
}
