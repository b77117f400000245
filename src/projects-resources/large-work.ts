import type { ServerResponse } from 'node:http'
import { ApiError, tooManyRequests } from '../errors.js'
import { waitForTurn } from '../http/open-responses.js'
import { createKeyedSemaphore, Semaphore, type SemaphoreOptions } from './semaphore.js'

/** Size above which a list or a resource counts as large work, in bytes of JSON. Large lists are streamed. */
export const LARGE = 64 * 1024

/** Size above which the text of a file makes its request large work, in bytes. */
export const LARGE_TEXT = 16 * 1024

/** Queues for the permits of a user and for the shared permits; `timeout` is in milliseconds. */
const USER_QUEUE = { maxWaiting: 16, timeout: 7000 }
const TOTAL_QUEUE = { maxWaiting: 64, timeout: 5000 }

/**
 * Cooldown of a user's permits. If other large work of the user is queued when a permit is released, the permit stays
 * unused for three times as long as it was held, but at most for 500 ms. The cooldown does not delay a user who sends one
 * request at a time.
 */
const COOLDOWN = { factor: 3, maximum: 500 }

/** Limits the concurrency of one kind of large work. */
export interface LargeWork {
  /**
   * Waits for a permit, which is released when the response closes.
   * @throws ApiError 429 if the user has too much large work in progress, 503 if all users together have too much
   */
  enter(userId: number, response: ServerResponse): Promise<void>
}

export function createLargeWork({ perUser, inTotal }: { perUser: number; inTotal: number }): LargeWork {
  const ofUsers = createUserLimit({ permits: perUser, cooldown: COOLDOWN, ...USER_QUEUE })
  const ofAll = new Semaphore({ permits: inTotal, ...TOTAL_QUEUE })
  const entered = new WeakSet<ServerResponse>()
  return {
    async enter(userId, response) {
      if (entered.has(response)) return
      entered.add(response)
      await ofUsers.enter(userId, response)
      if (!(await ofAll.acquire(response))) throw new ApiError('OVERLOADED', { retryAfter: 1 })
    },
  }
}

/**
 * The queue of each user for receiving bodies; `timeout` is in milliseconds. It is shorter than the default of
 * SHUTDOWN_TIMEOUT (10 s), so that a request that waits here can still be answered during a shutdown.
 */
const RECEIVING = { permits: 4, maxWaiting: 12, timeout: 7000 }

/** Limits how many possibly large bodies of each user are received, and are therefore in memory, at the same time. */
export const createReceiving = (): LargeWork => createUserLimit(RECEIVING)

function createUserLimit(options: SemaphoreOptions): LargeWork {
  const ofUsers = createKeyedSemaphore(options)
  const message = `Too many concurrent large requests or responses of this user: at most ${options.permits}`
  return {
    async enter(userId, response) {
      await waitForTurn(response)
      if (!(await ofUsers.acquire(userId, response))) throw tooManyRequests(message, 1)
    },
  }
}

/** Finds an object. Does not read one that is larger than `maxBytes`. */
type Find<Row> = (maxBytes?: number) => Promise<Row | 'too-large' | undefined>

/**
 * Reads an object. If it is larger than `maxBytes`, waits for a permit first.
 * @param maxBytes the largest size that needs no permit, in bytes
 * @param enter waits for a permit; see LargeWork
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
