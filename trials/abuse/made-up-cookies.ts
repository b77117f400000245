import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { withClient } from '../../src/database/database.js'
import { LIST } from '../support/calls.js'
import { openConnection, toBytes } from '../support/connection.js'
import { withEnvironment } from '../support/environment.js'
import { check, type Finding, figure, type Trial } from '../support/findings.js'
import { sendRaw } from '../support/raw.js'
import { TOKENS } from '../support/sessions.js'

const CONNECTIONS = 16

/** Duration of each flood, in milliseconds. */
const DURATION = 10_000

/** RATE_LIMIT_ADDRESS, per minute. A flood can overlap with two of these windows. */
const LIMIT = 100

/** Maximum delay of PostgreSQL's statistics, in milliseconds. */
const STATISTICS_DELAY = 11_000

/** Maximum number of queries of the service itself and of valid sessions. */
const OTHER_QUERIES = 200

/** One address sends a random session cookie with each request. Valid sessions from the same address are served. */
export const madeUpCookies: Trial = () =>
  withEnvironment(async (environment) => {
    const { url } = environment.database
    const limits = { RATE_LIMIT_ADDRESS: `${LIMIT}` }
    const document = await environment.startService({ ...limits, API_DOCS: 'true' })
    const documentCounts = await flood(document.port, '/openapi.json')
    const api = await environment.startService(limits)
    const first = await visit(api.port, 'before')
    const before = await countTransactions(url)
    const apiCounts = await flood(api.port, LIST.path)
    const last = await visit(api.port, 'afterwards')
    const queries = (await countTransactions(url)) - before
    const documents = documentCounts.get(200) ?? 0
    return [
      figure(`/openapi.json: responses in ${DURATION / 1000} s`, describe(documentCounts)),
      check(`/openapi.json: successful responses (limit ${2 * LIMIT})`, documents, documents <= 2 * LIMIT),
      figure(`API calls: responses in ${DURATION / 1000} s`, describe(apiCounts)),
      check(`database queries (limit ${2 * LIMIT + OTHER_QUERIES})`, queries, queries <= 2 * LIMIT + OTHER_QUERIES),
      ...first,
      ...last,
    ]
  })

/** Sends requests with random session cookies. @returns the number of responses by status */
async function flood(port: number, path: string): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  const end = performance.now() + DURATION
  const run = async () => {
    const connection = await openConnection(port)
    while (performance.now() < end) {
      const { status } = await connection.send({ method: 'GET', path, token: randomBytes(32).toString('base64url') })
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
    connection.destroy()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, run))
  return counts
}

/** Sends one request of each valid session. */
async function visit(port: number, when: string): Promise<Finding[]> {
  const responses = await Promise.all(TOKENS.map((token) => sendRaw(port, toBytes(LIST, port, token))))
  const served = responses.filter((text) => text.startsWith('200')).length
  return [
    check(
      `${when}: successful requests of the ${TOKENS.length} valid sessions, from the same address`,
      `${served}`,
      served === TOKENS.length,
    ),
  ]
}

async function countTransactions(url: string): Promise<number> {
  await sleep(STATISTICS_DELAY)
  return await withClient(url, async (client) => {
    const { rows } = await client.query(
      'SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = current_database()',
    )
    return rows[0].count
  })
}

const describe = (counts: Map<number, number>) =>
  [...counts].map(([status, count]) => `${count} x ${status}`).join(', ')
