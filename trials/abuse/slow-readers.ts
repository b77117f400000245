import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../support/connection.js'
import { type Environment, withEnvironment } from '../support/environment.js'
import { check, type Finding, figure, type Trial } from '../support/findings.js'
import { addUsers, attacker, filesOf, fillProjects, startAttack, toRequest, type User } from './attack.js'

const CONNECTIONS = 200

/** Maximum resident memory, in MiB. */
const LIMIT = 512

/** How long the clients do not read, in milliseconds: longer than the service waits for a slow reader. */
const DURATION = 40_000
const SAMPLE = 100

/** 200 connections request large responses and do not read them. */
export const slowReaders: Trial = () =>
  withEnvironment(async (environment) => {
    const users = await addUsers(
      environment.database.url,
      Array.from({ length: 25 }, (_, index) => 1001 + index),
    )
    await fillProjects(environment.database.url, [attacker, ...users])
    return [
      ...(await measureMemory(environment, 'lists of one user', [attacker], ['/user-files'])),
      ...(await measureMemory(environment, 'lists of 25 users', users, ['/user-files', '/imports'])),
      ...(await measureMemory(environment, 'files of 3.9 or 6 MiB of 25 users', users, [])),
    ]
  })

async function measureMemory(
  { database, startService }: Environment,
  label: string,
  users: User[],
  paths: string[],
): Promise<Finding[]> {
  const service = await startService({ RATE_LIMIT_SESSION: '6000', MAX_PROJECT_BYTES: '16777216' })
  const before = service.memory()
  const requests: string[] = []
  for (const user of users) {
    const all = paths.length > 0 ? paths : (await filesOf(database.url, user)).map((id) => `/user-files/${id}`)
    requests.push(...all.map((path) => toRequest(user, 'GET', path)))
  }
  const attack = await startAttack({ port: service.port, connections: CONNECTIONS, requests, reads: false })
  let highest = 0
  for (const end = performance.now() + DURATION; performance.now() < end && service.isRunning(); ) {
    highest = Math.max(highest, service.memory())
    await sleep(SAMPLE)
  }
  const isReady = service.isRunning() && (await getReadiness(service.port)) === 200
  await attack.stop()
  service.signal('SIGKILL')
  await service.exited
  return [
    check(`${label}: highest resident memory (limit ${LIMIT} MiB)`, `${Math.round(highest)} MiB`, highest < LIMIT),
    figure(`${label}: resident memory before`, `${Math.round(before)} MiB`),
    check(`${label}: the service is running and ready`, `${isReady}`, isReady),
  ]
}

async function getReadiness(port: number): Promise<number> {
  const connection = await openConnection(port)
  const { status } = await connection.send({ method: 'GET', path: '/health/ready' })
  connection.destroy()
  return status
}
