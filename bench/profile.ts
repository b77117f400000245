import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as calls from './calls.js'
import { startOurs } from './contenders.js'
import { STANDARD } from './data.js'
import { type CpuProfile, drawFlames, selfTimes, since } from './flames.js'
import { startGenerator } from './generator.js'
import { measure } from './measure.js'
import type { BenchPostgres } from './postgres.js'
import { align } from './table.js'

const SECONDS = 8
const WARMUP = 2

/** Number of functions and modules to print. */
const SHOWN = 25

const target = fileURLToPath(new URL('.profile/', import.meta.url))

export interface ProfileOptions {
  signal: AbortSignal
  log: (message: string) => void
}

/** Profiles the service for each call: saves the profile and a flame graph, and prints the most expensive functions. */
export async function runProfile(postgres: BenchPostgres, { signal, log }: ProfileOptions): Promise<void> {
  log('loading data')
  const databaseUrl = await postgres.createDatabase('bench', STANDARD)
  await mkdir(target, { recursive: true })
  const generator = await startGenerator(signal)
  const field = { generator, databaseUrl, dataset: STANDARD }
  try {
    for (const call of [calls.list, calls.create, calls.resources]) {
      log(`profiling ${call.name}`)
      const folder = join(postgres.folder, `profile-${call.name}`)
      const execArgv = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500']
      const ours = await startOurs({ folder: postgres.folder, databaseUrl, execArgv })
      await measure(field, ours, call, WARMUP)
      const from = Number(process.hrtime.bigint() / 1000n)
      const rate = await measure(field, ours, call, SECONDS)
      await ours.stop()
      const [file = ''] = await readdir(folder)
      const profile = since(JSON.parse(await readFile(join(folder, file), 'utf8')), from)
      await writeFile(join(target, `${call.name}.cpuprofile`), JSON.stringify(profile))
      await writeFile(
        join(target, `${call.name}.svg`),
        drawFlames(profile, `${call.name}, ${rate.toFixed(0)} requests/s`),
      )
      console.log(formatSelfTimes(call.name, profile))
    }
  } finally {
    await generator.stop()
  }
  log(`flame graphs: ${target}`)
}

function formatSelfTimes(name: string, profile: CpuProfile): string {
  const percent = ([name, share]: readonly [string, number]) => [name, `${(share * 100).toFixed(1)} %`]
  const { functions, modules } = selfTimes(profile)
  return [
    ...align([[`${name}: functions by self time`, ''], ...functions.slice(0, SHOWN).map(percent)]),
    '',
    ...align([[`${name}: modules by self time`, ''], ...modules.slice(0, SHOWN).map(percent)]),
    '',
  ].join('\n')
}
