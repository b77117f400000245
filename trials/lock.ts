import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { demo } from '../src/demo-data.js'
import { mixed } from './support/calls.js'
import { withEnvironment } from './support/environment.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from './support/findings.js'
import { startLoad } from './support/load.js'
import { createFullTally, describe, unexpected } from './support/tally.js'

/** Duration of the lock, and of the load before and after it, in milliseconds. */
const LOCKED = 6000
const MARGIN = 2000

/** Maximum latency of the writers' requests that start during the lock, in milliseconds. */
const LIMIT = 2000

const OTHER_PROJECT = 791
const CREATE_PROJECT = `INSERT INTO projects (id, name, neptun_user_id) VALUES (${OTHER_PROJECT}, 'other', ${demo.user.id})`

/** A client that alternates between writes and reads, sequentially. */
interface Probe {
  name: string
  user: { id: number; projectId: number; token: string }
  list: 'imports' | 'user-files'
}

const BODIES = {
  imports: { source_type: 'local', source_path: '/srv/app' },
  'user-files': { title: 'a', text: 'b', language: 'c', extension: 'd' },
}

const SAME_USER: Probe = {
  name: 'another project of the user',
  user: { ...demo.user, projectId: OTHER_PROJECT },
  list: 'imports',
}
const OTHER_USER: Probe = { name: 'another user', user: demo.otherUser, list: 'imports' }
const FILES: Probe = { name: 'user files of another user', user: demo.otherUser, list: 'user-files' }
const SAME_FILES: Probe = { ...SAME_USER, name: 'user files of the user', list: 'user-files' }

/** One project's row, and then the table of imports, is locked while 60 clients write to the project and read it. */
export const lock: Trial = async () => [
  ...(await runLocked('row', `SELECT FROM projects WHERE id = ${demo.user.projectId} FOR UPDATE`, [
    SAME_USER,
    OTHER_USER,
  ])),
  ...(await runLocked('table', 'LOCK TABLE imports', [SAME_FILES, FILES])),
]

const runLocked = (label: string, statement: string, probes: Probe[]): Promise<Finding[]> =>
  withEnvironment(async ({ database, startService }) => {
    const service = await startService()
    const locker = new pg.Client({ connectionString: database.url })
    await locker.connect()
    await locker.query(CREATE_PROJECT)
    const writers = createFullTally()
    const load = startLoad({ port: service.port, connections: 60, workload: mixed, onOutcome: writers.record })
    const running = probes.map((probe) => startProbe(service.port, probe))
    await sleep(MARGIN)
    await locker.query('BEGIN')
    await locker.query(statement)
    const startedAt = performance.now()
    await sleep(LOCKED)
    await locker.query('COMMIT')
    const endedAt = performance.now()
    await sleep(MARGIN)
    await load.stop()
    const calls = await Promise.all(running.map(({ stop }) => stop()))
    await locker.end()
    const failures = unexpected(writers, '503 DATABASE_UNAVAILABLE', '503 OVERLOADED', '429 RATE_LIMITED')
    const locked = writers.outcomes.filter((outcome) => outcome.startedAt > startedAt && outcome.startedAt < endedAt)
    const slowest = Math.max(...locked.map((outcome) => outcome.endedAt - outcome.startedAt))
    return [
      figure(`${label}: responses to the writers`, describe(writers.responses)),
      check(`${label}: unexpected responses to the writers`, describe(failures), failures.size === 0),
      within(`${label}: slowest response to a writer`, slowest, LIMIT),
      ...probes.flatMap(({ name }, index) => judge(`${label}: ${name}`, calls[index] ?? [], startedAt, endedAt)),
    ]
  })

interface Call {
  startedAt: number
  duration: number
  status: number
}

function judge(label: string, calls: Call[], startedAt: number, endedAt: number): Finding[] {
  const during = calls.filter((call) => call.startedAt > startedAt && call.startedAt < endedAt)
  const failed = during.filter(({ status }) => status >= 400)
  const rate = (during.length * 1000) / LOCKED
  const p99 = (some: Call[]) =>
    quantile(
      some.map(({ duration }) => duration),
      0.99,
    )
  return [
    check(`${label}: failed requests during the lock, of ${during.length}`, failed.length, failed.length === 0),
    check(`${label}: requests per second (more than 10)`, Math.round(rate), rate > 10),
    figure(`${label}: p99 before the lock`, ms(p99(calls.filter((call) => call.startedAt < startedAt)))),
    figure(`${label}: p99 during the lock`, ms(p99(during))),
  ]
}

function startProbe(port: number, { user: { id, projectId, token }, list }: Probe) {
  const url = `http://127.0.0.1:${port}/api/users/${id}/projects/${projectId}/resources/${list}`
  const headers = { cookie: `neptun-session=${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify(BODIES[list])
  const calls: Call[] = []
  let isStopped = false
  const run = async () => {
    while (!isStopped) {
      for (const init of [{ method: 'POST', headers, body }, { headers }]) {
        const startedAt = performance.now()
        const response = await fetch(init.method ? url : `${url}?limit=20`, init)
        await response.arrayBuffer()
        calls.push({ startedAt, duration: performance.now() - startedAt, status: response.status })
      }
    }
  }
  const running = run()
  return {
    stop: async () => {
      isStopped = true
      await running
      return calls
    },
  }
}
