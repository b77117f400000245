import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { withClient } from '../../src/database/database.js'
import { LIST } from '../support/calls.js'
import { openConnection, toBytes } from '../support/connection.js'
import { check, type Finding, figure, type Trial } from '../support/findings.js'
import { sendRaw } from '../support/raw.js'
import { TOKENS } from '../support/sessions.js'
import { withStage } from '../support/stage.js'

const CONNECTIONS = 16

/** In milliseconds. */
const DURATION = 10_000

/** RATE_LIMIT_ADDRESS: in a minute, of which the trial may see two. */
const LIMIT = 100

/** PostgreSQL's processes report what they have done at the latest after that, in milliseconds. */
const REPORTED = 11_000

/** Queries of the service's own, and of sessions that are valid. */
const OWN_QUERIES = 200

/** One address makes up a cookie for every request. Sessions that are valid are served behind the same address. */
export const madeUpCookies: Trial = () =>
  withStage(async (stage) => {
    const { url } = stage.database
    const limits = { RATE_LIMIT_ADDRESS: `${LIMIT}` }
    const document = await stage.startService({ ...limits, API_DOCS: 'true' })
    const ofDocument = await flood(document.port, '/openapi.json')
    const api = await stage.startService(limits)
    const first = await visit(api.port, 'before')
    const before = await countTransactions(url)
    const ofApi = await flood(api.port, LIST.path)
    const last = await visit(api.port, 'afterwards')
    const queries = (await countTransactions(url)) - before
    const documents = ofDocument.get(200) ?? 0
    return [
      figure(`/openapi.json in ${DURATION / 1000} s`, describe(ofDocument)),
      check(`/openapi.json, served (limit ${2 * LIMIT})`, documents, documents <= 2 * LIMIT),
      figure(`an API call in ${DURATION / 1000} s`, describe(ofApi)),
      check(`queries of the database (limit ${2 * LIMIT + OWN_QUERIES})`, queries, queries <= 2 * LIMIT + OWN_QUERIES),
      ...first,
      ...last,
    ]
  })

/** @returns how many responses of each status there were */
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

/** Every session makes a request. */
async function visit(port: number, when: string): Promise<Finding[]> {
  const answers = await Promise.all(TOKENS.map((token) => sendRaw(port, toBytes(LIST, port, token))))
  const served = answers.filter((text) => text.startsWith('200')).length
  return [check(`${when}: valid sessions of the same address that are served`, `${served}`, served === TOKENS.length)]
}

async function countTransactions(url: string): Promise<number> {
  await sleep(REPORTED)
  return await withClient(url, async (client) => {
    const { rows } = await client.query(
      'SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = current_database()',
    )
    return rows[0].count
  })
}

const describe = (counts: Map<number, number>) =>
  [...counts].map(([status, count]) => `${count} x ${status}`).join(', ')
