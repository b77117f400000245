import * as calls from './calls.js'
import { type Contender, startFloor, startOurs, startPeer } from './contenders.js'
import { type Dataset, removeWritten, STANDARD } from './data.js'
import { ask, requireEqual } from './equal.js'
import { describeMachine } from './findings.js'
import { startGenerator } from './generator.js'
import type { BenchPostgres } from './postgres.js'
import { findRatios, findValues } from './ratios.js'
import { saveResults } from './results.js'
import { FULL, measureRounds, QUICK } from './rounds.js'
import { formatTables } from './table.js'

/** What peers must answer like the service before anybody is timed. */
const COMPARED = [
  calls.list,
  calls.withheldImport,
  calls.resources,
  calls.create,
  calls.missingProject,
  ...calls.refusals.filter(({ status }) => status !== 400),
]

export interface ContestOptions {
  quick: boolean
  json: boolean
  signal: AbortSignal
  say: (what: string) => void
}

/** Everybody at the standard data: prints tables or JSON; a full run is kept in bench/results. */
export async function runContest(postgres: BenchPostgres, options: ContestOptions): Promise<void> {
  const { quick, json, signal, say } = options
  say('loading data')
  const databaseUrl = await postgres.createDatabase('bench', STANDARD)
  const contenders = await startAll(postgres.folder, databaseUrl, STANDARD)
  const generator = await startGenerator(signal)
  try {
    const pace = quick ? QUICK : FULL
    const rounds = await measureRounds({ generator, databaseUrl, dataset: STANDARD }, contenders, pace, say)
    const [values, spreads] = [findValues(rounds), findRatios(rounds)]
    const ratios = Object.fromEntries(Object.entries(spreads).map(([name, { median }]) => [name, median]))
    const results = { machine: describeMachine(), pace, ratios, spreads, values, rounds }
    if (!quick) await saveResults('results', results)
    console.log(json ? JSON.stringify(results, null, 2) : formatTables(values, spreads))
  } finally {
    await generator.stop()
    for (const contender of contenders) await contender.stop()
  }
}

/** Starts everybody, and makes sure that they do the same work. */
async function startAll(folder: string, databaseUrl: string, dataset: Dataset): Promise<Contender[]> {
  const options = { folder, databaseUrl }
  const ours = await startOurs(options)
  const handWritten = await startPeer('hand-written', options)
  const prismaNaive = await startPeer('prisma-naive', options)
  const floor = await startFloor(await firstAnswers(ours, dataset), options)
  await requireEqual(ours, handWritten, COMPARED, dataset)
  await requireEqual(ours, prismaNaive, COMPARED, dataset)
  await removeWritten(databaseUrl, dataset)
  return [ours, handWritten, prismaNaive, floor]
}

async function firstAnswers(ours: Contender, dataset: Dataset): Promise<Record<string, string>> {
  const answers: Record<string, string> = {}
  for (const call of [calls.list, calls.resources]) {
    const [request] = call.requests(dataset)
    if (request) answers[call.name] = (await ask(ours, request)).body
  }
  return answers
}
