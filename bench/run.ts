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

const controller = new AbortController()
const { signal } = controller
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort())

const start = performance.now()
/** Logs progress to stderr; stdout is for results. */
const log = (message: string) =>
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s: ${message}\n`)

try {
  // Compile while PostgreSQL starts and data is loaded. The first program to start awaits this and reports errors.
  compile().catch(() => {})
  await withPostgres(signal, async (postgres) => {
    const context = { signal, log }
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
