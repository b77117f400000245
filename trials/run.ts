// `npm run trial [-- NAME...]`: failure trials of the service, its database and its clients. See docs/trials.md.
import { execFileSync } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { abuse, scenarios } from './abuse.js'
import { clients } from './clients.js'
import { failover } from './failover.js'
import { fuzz } from './fuzz.js'
import { keys } from './keys.js'
import { kill } from './kill.js'
import { lock } from './lock.js'
import { memory } from './memory.js'
import { descriptors, fullLog, migration, redis, restore } from './operations.js'
import { hang, outage } from './outage.js'
import { shutdown } from './shutdown.js'
import { start } from './start.js'
import { closeEnvironments } from './support/environment.js'
import type { Finding, Trial } from './support/findings.js'

const operations = { 'full-log': fullLog, descriptors, restore, migration, lock, redis }
const trials: Record<string, Trial> = {
  start,
  memory,
  shutdown,
  outage,
  hang,
  failover,
  kill,
  keys,
  clients,
  abuse,
  fuzz,
  ...operations,
}
const single = Object.fromEntries(Object.entries(scenarios).map(([name, trial]) => [`abuse/${name}`, trial]))

const USAGE = `npm run trial -- [NAME...] [--json] [--requests N] [--seed N] [--seconds N]

Trials: ${Object.keys(trials).join(', ')} (default: all)
Scenarios of the abuse trial: ${Object.keys(single).join(', ')}
--json        print a JSON object instead of tables
--requests N  number of requests of the memory trial (a multiple of 10000) and of the fuzz trial (default: 100000)
--seed N      seed of the fuzz trial (default: 1)
--seconds N   duration of a database outage, in seconds (default: 10)`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
  },
})
const names = positionals.length > 0 ? positionals : Object.keys(trials)
const unknown = names.filter((name) => !Object.hasOwn(trials, name) && !Object.hasOwn(single, name))
const requests = Number(values.requests)
/** The memory trial takes a sample after every 10 000 requests. */
const isMultiple = !names.includes('memory') || requests % 10_000 === 0
const seed = Number(values.seed)
const seconds = Number(values.seconds)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => closeEnvironments().finally(() => process.exit(1)))
}

if (values.help || unknown.length > 0 || !(requests > 0 && isMultiple && Number.isInteger(seed) && seconds > 0)) {
  console.error(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  process.exitCode = (await runTrials()) ? 0 : 1
}

/** Runs the trials sequentially and prints their findings. @returns whether all requirements are met */
async function runTrials(): Promise<boolean> {
  const results: Record<string, Finding[]> = {}
  const machine = { node: process.version, cores: availableParallelism(), load: (loadavg()[0] ?? 0).toFixed(1) }
  if (!values.json) console.log(Object.entries(machine).flat().join(' '))
  for (const name of names) {
    const findings = await runTrial(name)
    results[name] = findings
    if (!values.json) print(name, findings)
  }
  const passed = Object.values(results)
    .flat()
    .every(({ ok }) => ok !== false)
  if (values.json) console.log(JSON.stringify({ passed, machine, results }, null, 2))
  else console.log(passed ? 'All trials passed' : 'FAILED')
  return passed
}

async function runTrial(name: string): Promise<Finding[]> {
  try {
    return (await (trials[name] ?? single[name])?.({ requests, seed, seconds })) ?? []
  } catch (error) {
    return [{ what: 'error in the trial', seen: (error as Error).stack ?? String(error), ok: false }]
  }
}

function print(name: string, findings: Finding[]): void {
  console.log(`\n${name}`)
  for (const { what, seen, ok } of findings) {
    const mark = ok === undefined ? '    ' : ok ? 'ok  ' : 'FAIL'
    console.log(`  ${mark}  ${what.padEnd(76)}  ${seen}`)
  }
  console.log()
}
