import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../support/connection.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from '../support/findings.js'
import { TOKENS } from '../support/sessions.js'
import { withStage } from '../support/stage.js'
import { addUsers, attacker, filesOf, fillProjects, startAttack, toRequest, type User } from './attack.js'

const CONNECTIONS = 64

/** Of the attacker's sessions, each of which can have 16 requests in progress. */
const SESSIONS = TOKENS.slice(0, CONNECTIONS / 16)

/** How long the others are measured, and how long each pauses between its requests, in milliseconds. */
const DURATION = 8000
const PAUSE = 20

/** By how much the others' p99 may rise. */
const FACTOR = 3

const COSTLY = '\\u0001'
const file = (length: number) =>
  JSON.stringify({ title: 'file', text: '', language: 'x', extension: 'x' }).replace('""', `"${COSTLY.repeat(length)}"`)
const importOf = (length: number) =>
  `{"source_type":"local","source_path":"/x","description":"${COSTLY.repeat(length)}"}`

/** The worst that one user can do, each for a while. */
const attacks = async (url: string): Promise<Record<string, string[]>> => {
  const files = await filesOf(url, attacker)
  const id = files[1]
  const send = (method: string, path: string, body?: string) =>
    SESSIONS.map((token) => toRequest({ ...attacker, token }, method, path, body))
  const get = (path: string) => send('GET', path)
  return {
    'lists of imports': get('/imports'),
    'pages of imports': get('/imports?limit=100'),
    'lists of files': get('/user-files'),
    'one file of 6 MiB': get(`/user-files/${id}`),
    'new files of 2 MiB': send('POST', '/user-files', file(330_000)),
    'new imports': send('POST', '/imports', importOf(10_000)),
    'small lists': get('/chat-conversations'),
    'all of these': [
      ...get('/imports'),
      ...get('/user-files'),
      ...get(`/user-files/${id}`),
      ...send('POST', '/user-files', file(330_000)),
      ...send('POST', '/imports', importOf(10_000)),
    ],
  }
}

/** One user does the worst possible with 64 connections, while two others are measured. */
export const neighbors: Trial = () =>
  withStage(async ({ database, startService }) => {
    const users = await addUsers(database.url, [1001, 1002])
    await fillProjects(database.url, [attacker])
    const limits = { RATE_LIMIT_SESSION: '6000', MAX_PROJECT_BYTES: '16777216' }
    const findings: Finding[] = []
    for (const [what, requests] of Object.entries(await attacks(database.url))) {
      const service = await startService(limits)
      await measure(service.port, users, 1000)
      const quiet = await measure(service.port, users, DURATION)
      const attack = await startAttack({ port: service.port, connections: CONNECTIONS, requests, reads: true })
      await sleep(1000)
      const disturbed = await measure(service.port, users, DURATION)
      const counts = await attack.stop()
      service.signal('SIGKILL')
      await service.ended
      const before = quantile(quiet.times, 0.99)
      const said = Object.entries(counts).map(([status, count]) => `${count} x ${status}`)
      findings.push(
        within(
          `${what}: p99 of the others, ${ms(before)} without`,
          quantile(disturbed.times, 0.99),
          Math.round(before * FACTOR),
        ),
        check(
          `${what}: the others' responses that are no success`,
          disturbed.failed.join(', ') || 'none',
          !disturbed.failed.length,
        ),
        figure(`${what}: responses to the attacker`, said.join(', ') || 'none'),
      )
    }
    return findings
  })

/** What others do: they list, create and delete, and a load balancer asks whether the service is ready. */
async function measure(port: number, users: User[], duration: number) {
  const times: number[] = []
  const failed: string[] = []
  const end = performance.now() + duration
  await Promise.all([...users, ...users].map(visit))
  return { times, failed: [...new Set(failed)] }

  async function visit({ token, resources }: User) {
    const connection = await openConnection(port, token)
    const send = async (method: string, path: string, body?: object) => {
      const begun = performance.now()
      const answer = await connection.send({ method, path, ...(body && { body }) })
      times.push(performance.now() - begun)
      if (answer.status >= 300) failed.push(`${method} ${answer.status} ${answer.body}`)
      await sleep(PAUSE)
      return answer
    }
    while (performance.now() < end) {
      await send('GET', `${resources}/imports`)
      const created = await send('POST', `${resources}/imports`, { source_type: 'local', source_path: '/new' })
      const { id } = created.status === 201 ? JSON.parse(created.body).import : { id: 0 }
      await send('GET', '/health/ready')
      if (id) await send('DELETE', `${resources}/imports/${id}`)
    }
    connection.destroy()
  }
}
