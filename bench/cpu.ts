import { readFileSync } from 'node:fs'
import { withClient } from '../src/database/database.js'
import * as calls from './calls.js'
import { type Contender, startOurs, startPeer } from './contenders.js'
import { STANDARD } from './data.js'
import { startGenerator } from './generator.js'
import { measure } from './measure.js'
import type { BenchPostgres } from './postgres.js'
import { align } from './table.js'

const ROUNDS = 3
const SECONDS = 1.5

/** The unit of CPU time in /proc, in microseconds. */
const TICK_US = 10_000

/**
 * Measures the CPU time per request of the server and of PostgreSQL. On a busy machine, it varies less than throughput.
 * Linux only.
 */
export async function runCpu(postgres: BenchPostgres, { signal }: { signal: AbortSignal }): Promise<void> {
  const databaseUrl = await postgres.createDatabase('bench', STANDARD)
  const options = { folder: postgres.folder, databaseUrl }
  const contenders = [
    await startOurs(options),
    await startPeer('equipped', options),
    await startPeer('hand-written', options),
  ]
  const generator = await startGenerator(signal)
  const field = { generator, databaseUrl, dataset: STANDARD }
  const costs: Record<string, number[][]> = {}
  try {
    for (const call of [calls.list, calls.resources, calls.create]) {
      for (const contender of contenders) await measure(field, contender, call, SECONDS)
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const contender of contenders) {
          const before = await readTicks(contender, databaseUrl)
          const rate = await measure(field, contender, call, SECONDS)
          const after = await readTicks(contender, databaseUrl)
          const cost = after.map((ticks, index) => ((ticks - (before[index] ?? 0)) * TICK_US) / (rate * SECONDS))
          costs[`${call.name} ${contender.name}`] = [...(costs[`${call.name} ${contender.name}`] ?? []), cost]
        }
      }
    }
  } finally {
    await generator.stop()
    for (const contender of contenders) await contender.stop()
  }
  const mean = (list: number[]) => Math.round(list.reduce((sum, one) => sum + one, 0) / list.length)
  const rows = Object.entries(costs).map(([name, all]) => {
    const [server = 0, database = 0] = [0, 1].map((part) => mean(all.map((cost) => cost[part] ?? 0)))
    return [name, ...[server, database, server + database].map(String)]
  })
  console.log(align([['CPU per request, in microseconds', 'server', 'PostgreSQL', 'sum'], ...rows]).join('\n'))
}

/** Reads the CPU time of the server and of the backends of all connections, in ticks. */
async function readTicks({ pid }: Contender, databaseUrl: string): Promise<number[]> {
  const backends = await withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = 'bench' AND pid <> pg_backend_pid()`,
    )
    return rows.map((row) => row.pid)
  })
  return [ticksOf(pid), backends.map(ticksOf).reduce((sum, ticks) => sum + ticks, 0)]
}

function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')
  return Number(fields[13]) + Number(fields[14])
}
