import { setTimeout as sleep } from 'node:timers/promises'
import { withClient } from '../src/database/database.js'
import { demo } from '../src/demo-data.js'
import { withEnvironment } from './support/environment.js'
import { check, figure, type Trial } from './support/findings.js'
import type { Service } from './support/service.js'
import { nextToken } from './support/sessions.js'

const KEYS = 1000
const WORKERS = 20

/** Minimum number of creates that complete before the service is killed. */
const MIN_CREATES = 30

const PATH = `/api/users/${demo.user.id}/projects/${demo.user.projectId}/resources/user-files`

/**
 * Repeated `kill -9` of the service during creates with an Idempotency-Key. Clients retry each create with its key
 * until they receive a 201, and then once more.
 */
export const keys: Trial = () =>
  withEnvironment(async ({ database, startService }) => {
    let service: Service | undefined
    let isDone = false
    let kills = 0
    const counts = { lost: 0, replayed: 0, conflict: 0, other: 0, different: 0 }
    const created = new Map<string, number>()
    const pending = Array.from({ length: KEYS }, (_, index) => `trial-key-${index}`)

    async function post(key: string, token: string): Promise<number | undefined> {
      const response = await fetch(`http://127.0.0.1:${service?.port}${PATH}`, {
        method: 'POST',
        headers: { cookie: `neptun-session=${token}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ title: key, text: 'x'.repeat(1000), language: 'text', extension: 'txt' }),
      })
      const body = (await response.json()) as { id: number }
      if (response.headers.get('idempotency-replayed')) counts.replayed += 1
      if (response.status === 201) return body.id
      if (response.status === 409) counts.conflict += 1
      else counts.other += 1
      return undefined
    }

    /** Retries until the response is 201. @returns the id of the created file */
    async function create(key: string, token: string): Promise<number> {
      for (;;) {
        const id = await post(key, token).catch(() => {
          counts.lost += 1
        })
        if (id !== undefined) return id
        await sleep(20)
      }
    }

    async function work() {
      const token = nextToken()
      for (let key = pending.pop(); key; key = pending.pop()) {
        const id = await create(key, token)
        created.set(key, id)
        if ((await create(key, token)) !== id) counts.different += 1
      }
    }

    async function killRepeatedly() {
      while (!isDone) {
        service = await startService()
        const target = created.size + MIN_CREATES * (1 + Math.random())
        while (!isDone && created.size < target) await sleep(5)
        if (isDone) return
        service.signal('SIGKILL')
        await service.exited
        kills += 1
      }
    }

    const killing = killRepeatedly()
    await Promise.all(Array.from({ length: WORKERS }, work))
    isDone = true
    await killing

    const rows = await withClient(database.url, async (client) => {
      const files = `SELECT title, min(id) AS id, count(*)::integer AS count FROM user_files
        WHERE title LIKE 'trial-key-%' GROUP BY title`
      return (await client.query<{ title: string; id: number; count: number }>(files)).rows
    })
    const duplicates = rows.filter(({ count }) => count !== 1)
    const wrong = rows.filter(({ title, id }) => created.get(title) !== id)
    return [
      check(
        `keys with exactly one row, of ${KEYS}, after ${kills} kills`,
        rows.length - duplicates.length,
        rows.length === KEYS && duplicates.length === 0,
      ),
      check(
        'keys with a 201 that has a different id than the stored row',
        wrong.length + counts.different,
        wrong.length + counts.different === 0,
      ),
      check('kills of the service (at least 5)', kills, kills >= 5),
      check('responses other than 201 and 409', counts.other, counts.other === 0),
      figure('requests without a response (all were retried)', counts.lost),
      figure('replayed responses', counts.replayed),
      figure('409 because the first request is in progress', counts.conflict),
    ]
  })
