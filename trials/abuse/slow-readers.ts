import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../support/connection.js'
import { check, type Finding, figure, type Trial } from '../support/findings.js'
import { type Stage, withStage } from '../support/stage.js'
import { addUsers, attacker, filesOf, fillProjects, startAttack, toRequest, type User } from './attack.js'

const CONNECTIONS = 200

/** In MiB. */
const LIMIT = 512

/** How long they do not read, in milliseconds: longer than the service bears it. */
const DURATION = 40_000
const SAMPLE = 100

/** 200 connections request the largest responses that the limits allow, and do not read them. */
export const slowReaders: Trial = () =>
  withStage(async (stage) => {
    const users = await addUsers(
      stage.database.url,
      Array.from({ length: 25 }, (_, index) => 1001 + index),
    )
    await fillProjects(stage.database.url, [attacker, ...users])
    return [
      ...(await withhold(stage, 'lists of one user', [attacker], ['/user-files'])),
      ...(await withhold(stage, 'lists of 25 users', users, ['/user-files', '/imports'])),
      ...(await withhold(stage, 'files of 6 MiB of 25 users', users, [])),
    ]
  })

async function withhold(
  { database, startService }: Stage,
  what: string,
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
  const isReady = service.isRunning() && (await askReadiness(service.port)) === 200
  await attack.stop()
  service.signal('SIGKILL')
  await service.ended
  return [
    check(`${what}: highest resident memory (limit ${LIMIT} MiB)`, `${Math.round(highest)} MiB`, highest < LIMIT),
    figure(`${what}: resident memory before`, `${Math.round(before)} MiB`),
    check(`${what}: the process lives and is ready`, `${isReady}`, isReady),
  ]
}

async function askReadiness(port: number): Promise<number> {
  const connection = await openConnection(port)
  const { status } = await connection.send({ method: 'GET', path: '/health/ready' })
  connection.destroy()
  return status
}
