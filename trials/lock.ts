import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { demo } from '../src/demo-data.js'
import { mixed } from './support/calls.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from './support/findings.js'
import { startLoad } from './support/load.js'
import { withStage } from './support/stage.js'
import { createFullTally, describe, unexpected } from './support/tally.js'

/** How long something is locked, and the load before and after it, in milliseconds. */
const LOCKED = 6000
const AROUND = 2000

/** What every answer to a request that needs the lock may take, in milliseconds. */
const LIMIT = 2000

const OTHER_PROJECT = 791
const CREATE_PROJECT = `INSERT INTO projects (id, name, neptun_user_id) VALUES (${OTHER_PROJECT}, 'other', ${demo.user.id})`

/** The calls of a client that writes and reads in turn, one after the other. */
interface Watch {
  who: string
  user: { id: number; projectId: number; token: string }
  list: 'imports' | 'user-files'
}

const BODIES = {
  imports: { source_type: 'local', source_path: '/srv/app' },
  'user-files': { title: 'a', text: 'b', language: 'c', extension: 'd' },
}

const SAME_USER: Watch = {
  who: 'another project of the user',
  user: { ...demo.user, projectId: OTHER_PROJECT },
  list: 'imports',
}
const OTHER_USER: Watch = { who: 'another user', user: demo.otherUser, list: 'imports' }
const FILES: Watch = { who: 'user files of another user', user: demo.otherUser, list: 'user-files' }
const SAME_FILES: Watch = { ...SAME_USER, who: 'user files of the user', list: 'user-files' }

/** One project's row is locked, and then the table of imports, while 60 clients write to the project and read it. */
export const lock: Trial = async () => [
  ...(await runLocked('row', `SELECT FROM projects WHERE id = ${demo.user.projectId} FOR UPDATE`, [
    SAME_USER,
    OTHER_USER,
  ])),
  ...(await runLocked('table', 'LOCK TABLE imports', [SAME_FILES, FILES])),
]

const runLocked = (what: string, statement: string, watches: Watch[]): Promise<Finding[]> =>
  withStage(async ({ database, startService }) => {
    const service = await startService()
    const locker = new pg.Client({ connectionString: database.url })
    await locker.connect()
    await locker.query(CREATE_PROJECT)
    const writers = createFullTally()
    const load = startLoad({ port: service.port, connections: 60, talk: mixed, onOutcome: writers.record })
    const others = watches.map((watch) => startWatch(service.port, watch))
    await sleep(AROUND)
    await locker.query('BEGIN')
    await locker.query(statement)
    const begun = performance.now()
    await sleep(LOCKED)
    await locker.query('COMMIT')
    const ended = performance.now()
    await sleep(AROUND)
    await load.stop()
    const calls = await Promise.all(others.map(({ stop }) => stop()))
    await locker.end()
    const validationErrors = unexpected(writers, '503 DATABASE_UNAVAILABLE', '503 OVERLOADED', '429 RATE_LIMITED')
    const locked = writers.outcomes.filter((outcome) => outcome.begun > begun && outcome.begun < ended)
    const slowest = Math.max(...locked.map((outcome) => outcome.ended - outcome.begun))
    return [
      figure(`${what}: answers to the writers`, describe(writers.answers)),
      check(`${what}: other answers to the writers`, describe(validationErrors), validationErrors.size === 0),
      within(`${what}: slowest answer to a writer`, slowest, LIMIT),
      ...watches.flatMap(({ who }, index) => judge(`${what}: ${who}`, calls[index] ?? [], begun, ended)),
    ]
  })

interface Call {
  begun: number
  duration: number
  status: number
}

function judge(what: string, calls: Call[], begun: number, ended: number): Finding[] {
  const during = calls.filter((call) => call.begun > begun && call.begun < ended)
  const failed = during.filter(({ status }) => status >= 400)
  const rate = (during.length * 1000) / LOCKED
  const p99 = (some: Call[]) =>
    quantile(
      some.map(({ duration }) => duration),
      0.99,
    )
  return [
    check(`${what}: ${during.length} requests meanwhile, of them failed`, failed.length, failed.length === 0),
    check(`${what}: per second`, Math.round(rate), rate > 10),
    figure(`${what}: p99, before`, ms(p99(calls.filter((call) => call.begun < begun)))),
    figure(`${what}: p99, meanwhile`, ms(p99(during))),
  ]
}

function startWatch(port: number, { user: { id, projectId, token }, list }: Watch) {
  const url = `http://127.0.0.1:${port}/api/users/${id}/projects/${projectId}/resources/${list}`
  const headers = { cookie: `neptun-session=${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify(BODIES[list])
  const calls: Call[] = []
  let isStopped = false
  const run = async () => {
    while (!isStopped) {
      for (const init of [{ method: 'POST', headers, body }, { headers }]) {
        const begun = performance.now()
        const response = await fetch(init.method ? url : `${url}?limit=20`, init)
        await response.arrayBuffer()
        calls.push({ begun, duration: performance.now() - begun, status: response.status })
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
