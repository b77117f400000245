import * as calls from './calls.js'
import { type Contender, PEERS, startFloor, startOurs, startPeer } from './contenders.js'
import { type Dataset, removeWritten, STANDARD } from './data.js'
import { requireEqual, sendRequest } from './equal.js'
import { describeMachine } from './findings.js'
import { startGenerator } from './generator.js'
import type { BenchPostgres } from './postgres.js'
import { findRatios, findValues, findVerdicts } from './ratios.js'
import { saveResults } from './results.js'
import { FULL, measureRounds, QUICK } from './rounds.js'
import { formatTables } from './table.js'

/** Calls for which peers must return the same responses as the service before anything is measured. */
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
  log: (message: string) => void
}

/** Compares all contenders on the standard data, and prints tables or JSON. A full run is saved in bench/results. */
export async function runContest(postgres: BenchPostgres, options: ContestOptions): Promise<void> {
  const { quick, json, signal, log } = options
  log('loading data')
  const databaseUrl = await postgres.createDatabase('bench', STANDARD)
  const contenders = await startAll(postgres.folder, databaseUrl, STANDARD)
  const generator = await startGenerator(signal)
  try {
    const pace = quick ? QUICK : FULL
    const rounds = await measureRounds({ generator, databaseUrl, dataset: STANDARD }, contenders, pace, log)
    const [values, spreads] = [findValues(rounds), findRatios(rounds)]
    const ratios = Object.fromEntries(Object.entries(spreads).map(([name, { median }]) => [name, median]))
    const verdicts = findVerdicts(ratios)
    const results = { machine: describeMachine(), pace, verdicts, ratios, spreads, values, rounds }
    if (!quick) await saveResults('results', results)
    console.log(json ? JSON.stringify(results, null, 2) : formatTables(values, spreads))
  } finally {
    await generator.stop()
    for (const contender of contenders) await contender.stop()
  }
}

/** Starts all contenders, and checks that all except the floor return the same responses. */
async function startAll(folder: string, databaseUrl: string, dataset: Dataset): Promise<Contender[]> {
  const options = { folder, databaseUrl }
  const ours = await startOurs(options)
  const peers: Contender[] = []
  for (const name of PEERS) {
    const peer = await startPeer(name, options)
    await requireEqual(ours, peer, COMPARED, dataset)
    peers.push(peer)
  }
  await removeWritten(databaseUrl, dataset)
  return [ours, ...peers, await startFloor(await firstResponses(ours, dataset), options)]
}

/** Returns the service's response to the first request of each call that the floor serves. */
async function firstResponses(ours: Contender, dataset: Dataset): Promise<Record<string, string>> {
  const responses: Record<string, string> = {}
  for (const call of [calls.list, calls.resources]) {
    const [request] = call.requests(dataset)
    if (request) responses[call.name] = (await sendRequest(ours, request)).body
  }
  return responses
}
