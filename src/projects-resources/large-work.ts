import type { ServerResponse } from 'node:http'
import { ApiError, tooManyRequests } from '../errors.js'
import { createKeyedPlaces, Places } from './semaphore.js'

/** In bytes of JSON: larger lists, bodies and resources are large work. A large list is streamed. */
export const LARGE = 64 * 1024

/** How many pieces of large work may wait for others, and how long, in milliseconds. */
const WAITING_OF_USER = { maxWaiting: 16, patience: 5000 }
const WAITING_IN_TOTAL = { maxWaiting: 64, patience: 5000 }

/**
 * While others of the same user wait, a place stays empty for so many times as long as it was used: one user's large work takes
 * a quarter of the time of the process at most. A user who sends one request at a time does not wait.
 */
const REST = 3

/** Bounds the large work of one kind that is in progress. */
export interface LargeWork {
  /**
   * Waits for a place, which is kept until the response has ended.
   * @throws ApiError 429 if the user, 503 if the service has too much large work in progress
   */
  enter(userId: number, response: ServerResponse): Promise<void>
}

export function createLargeWork({ perUser, inTotal }: { perUser: number; inTotal: number }): LargeWork {
  const ofUsers = createKeyedPlaces({ places: perUser, rest: REST, ...WAITING_OF_USER })
  const ofAll = new Places({ places: inTotal, ...WAITING_IN_TOTAL })
  const entered = new WeakSet<ServerResponse>()
  return {
    async enter(userId, response) {
      if (entered.has(response)) return
      entered.add(response)
      if (!(await ofUsers.take(userId, response))) {
        throw tooManyRequests(`Too many requests of this user with large content: at most ${perUser} at once`, 1)
      }
      if (!(await ofAll.take(response))) throw new ApiError('OVERLOADED', { retryAfter: 1 })
    },
  }
}

/** Finds an object; one that is larger than `maxBytes` is not read. */
type Find<Row> = (maxBytes?: number) => Promise<Row | 'too-large' | undefined>

/**
 * Reads an object. A large one is only read when it has a place.
 * @param enter waits for a place, see LargeWork
 */
export async function findAdmitted<Row>(
  find: Find<Row>,
  maxBytes: number,
  enter: () => Promise<void>,
): Promise<Row | undefined> {
  const small = await find(maxBytes)
  if (small !== 'too-large') return small
  await enter()
  const found = await find()
  return found === 'too-large' ? undefined : found
}
