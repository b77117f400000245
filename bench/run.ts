// `npm run bench`: see docs/benchmark.md.
import { parseArgs } from 'node:util'
import { compile } from './compile.js'
import { runContest } from './contest.js'
import { runCpu } from './cpu.js'
import { runGrowth } from './growth.js'
import { withPostgres } from './postgres.js'
import { runProfile } from './profile.js'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    rows: { type: 'string', default: '10000,1000000,5000000' },
  },
})

const interrupted = new AbortController()
const { signal } = interrupted
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort())

/** Reports progress on stderr; stdout is for the results. */
const start = performance.now()
const say = (what: string) => process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s: ${what}\n`)

try {
  // Runs while PostgreSQL starts and data is loaded. An error is reported by the first program that is started.
  compile().catch(() => {})
  await withPostgres(signal, async (postgres) => {
    const context = { signal, say }
    if (options.cpu) return await runCpu(postgres, context)
    if (options.profile) return await runProfile(postgres, context)
    if (options.growth)
      return await runGrowth(postgres, { ...options, ...context, rows: options.rows.split(',').map(Number) })
    return await runContest(postgres, { ...options, ...context })
  })
} catch (error) {
  if (!signal.aborted) throw error
  process.exitCode = 130
}
