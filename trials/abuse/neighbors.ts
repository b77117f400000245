import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../support/connection.js'
import { withEnvironment } from '../support/environment.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from '../support/findings.js'
import { TOKENS } from '../support/sessions.js'
import { addUsers, attacker, filesOf, fillProjects, startAttack, toRequest, type User } from './attack.js'

const CONNECTIONS = 64

/** The attacker's sessions, except in attacks with 32 sessions. Each session can have 16 requests in progress. */
const SESSIONS = TOKENS.slice(0, CONNECTIONS / 16)

/** Duration of a measurement of the other users, and their pause between requests, in milliseconds. */
const DURATION = 8000
const PAUSE = 20

/** Maximum ratio of the other users' p99 during the attack to their p99 without it. */
const FACTOR = 3

const COSTLY = '\\u0001'
const file = (length: number) =>
  JSON.stringify({ title: 'file', text: '', language: 'x', extension: 'x' }).replace('""', `"${COSTLY.repeat(length)}"`)
const importOf = (length: number) =>
  `{"source_type":"local","source_path":"/x","description":"${COSTLY.repeat(length)}"}`

/** Requests of each attack. */
const attacks = async (url: string): Promise<Record<string, string[]>> => {
  const files = await filesOf(url, attacker)
  const id = files[1]
  const send = (method: string, path: string, body?: string, sessions = SESSIONS) =>
    sessions.map((token) => toRequest({ ...attacker, token }, method, path, body))
  const get = (path: string) => send('GET', path)
  return {
    'lists of imports': get('/imports'),
    'pages of imports': get('/imports?limit=100'),
    'lists of files': get('/user-files'),
    'one file of 6 MiB': get(`/user-files/${id}`),
    'new files of 2 MiB': send('POST', '/user-files', file(330_000)),
    'new imports': send('POST', '/imports', importOf(10_000)),
    'small lists': get('/chat-conversations'),
    'invalid requests': send('POST', '/chat-conversations', '{}'),
    'invalid requests, 32 sessions': send('POST', '/chat-conversations', '{}', TOKENS),
    'new files of 2 MiB, 32 sessions': send('POST', '/user-files', file(330_000), TOKENS),
    'creates with the same Idempotency-Key': send('POST', '/imports', importOf(1)).map((request) =>
      request.replace('\r\n', '\r\nIdempotency-Key: key\r\n'),
    ),
    'lists, one file, new files and new imports': [
      ...get('/imports'),
      ...get('/user-files'),
      ...get(`/user-files/${id}`),
      ...send('POST', '/user-files', file(330_000)),
      ...send('POST', '/imports', importOf(10_000)),
    ],
  }
}

/** One user sends expensive requests over 64 connections, while the latency of two other users is measured. */
export const neighbors: Trial = () =>
  withEnvironment(async ({ database, startService }) => {
    const users = await addUsers(database.url, [1001, 1002])
    await fillProjects(database.url, [attacker])
    const limits = { RATE_LIMIT_SESSION: '6000', MAX_PROJECT_BYTES: '16777216' }
    const findings: Finding[] = []
    for (const [label, requests] of Object.entries(await attacks(database.url))) {
      const service = await startService(limits)
      await measure(service.port, users, 1000)
      const quiet = await measure(service.port, users, DURATION)
      const attack = await startAttack({ port: service.port, connections: CONNECTIONS, requests, reads: true })
      await sleep(1000)
      const disturbed = await measure(service.port, users, DURATION)
      const counts = await attack.stop()
      service.signal('SIGKILL')
      await service.exited
      const before = quantile(quiet.times, 0.99)
      const statuses = Object.entries(counts).map(([status, count]) => `${count} x ${status}`)
      findings.push(
        figure(`${label}: p99 of other users before the attack`, ms(before)),
        within(
          `${label}: p99 of other users during the attack`,
          quantile(disturbed.times, 0.99),
          Math.round(before * FACTOR),
        ),
        check(
          `${label}: failed requests of other users`,
          disturbed.failed.join(', ') || 'none',
          !disturbed.failed.length,
        ),
        figure(`${label}: responses to the attacker`, statuses.join(', ') || 'none'),
      )
    }
    return findings
  })

/** Measures other users, who list, create and delete imports. They also read the readiness, as a load balancer does. */
async function measure(port: number, users: User[], duration: number) {
  const times: number[] = []
  const failed: string[] = []
  const end = performance.now() + duration
  await Promise.all([...users, ...users].map(visit))
  return { times, failed: [...new Set(failed)] }

  async function visit({ token, resources }: User) {
    const connection = await openConnection(port, token)
    const send = async (method: string, path: string, body?: object) => {
      const startedAt = performance.now()
      const response = await connection.send({ method, path, ...(body && { body }) })
      times.push(performance.now() - startedAt)
      if (response.status >= 300) failed.push(`${method} ${response.status} ${response.body}`)
      await sleep(PAUSE)
      return response
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
