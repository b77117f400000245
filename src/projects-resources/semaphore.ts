import type { ServerResponse } from 'node:http'
import { onceClosed } from '../http/open-responses.js'

export interface SemaphoreOptions {
  /** Maximum number of holders. */
  permits: number
  /** Maximum number of waiters. */
  maxWaiting: number
  /** Maximum waiting time, in milliseconds. */
  timeout: number
  cooldown?: Cooldown
}

/**
 * Delay before a released permit goes to the next waiter. There is none if the queue is empty, or if the delay would be
 * shorter than 1 ms.
 */
interface Cooldown {
  /** Multiple of the time that the permit was held. */
  factor: number
  /** Maximum delay, in milliseconds. */
  maximum: number
}

/** Shortest delay of a Node.js timer, in milliseconds. */
const MIN_DELAY = 1

/** Releases a permit. Idempotent. */
export type Release = () => void

/**
 * A FIFO semaphore with limits for the length of the queue and for the waiting time. (p-limit has neither.) A permit
 * that is acquired for a response is released when that response closes, at the latest.
 */
export class Semaphore {
  readonly #options: SemaphoreOptions
  readonly #onIdle: () => void
  #held = 0
  /** In order of arrival. Each key grants a permit to its waiter; each value ends the wait without a permit. */
  #waiters: Map<() => void, () => void> | undefined

  /** @param onIdle called when no permit is held any more */
  constructor(options: SemaphoreOptions, onIdle = () => {}) {
    this.#options = options
    this.#onIdle = onIdle
  }

  /**
   * Acquires a permit.
   * @returns synchronously if a permit is available; otherwise a promise, which resolves to undefined if the queue is
   *   full, the timeout expires, the response closes or rejectWaiters() is called
   */
  acquire(response?: ServerResponse): Release | Promise<Release | undefined> {
    if (response?.destroyed) return Promise.resolve(undefined)
    return this.#held < this.#options.permits ? this.#hold(response) : this.#wait(response)
  }

  /** Ends the wait of all current waiters: their promises resolve to undefined. */
  rejectWaiters(): void {
    for (const reject of this.#waiters?.values() ?? []) reject()
  }

  #hold(response?: ServerResponse): Release {
    const { cooldown } = this.#options
    const acquiredAt = cooldown ? performance.now() : 0
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      if (!cooldown || !this.#waiters?.size) return this.#passOn()
      const delay = Math.min(cooldown.factor * (performance.now() - acquiredAt), cooldown.maximum)
      if (delay < MIN_DELAY) this.#passOn()
      else setTimeout(() => this.#passOn(), delay)
    }
    this.#held += 1
    if (response) onceClosed(response, release)
    return release
  }

  #passOn(): void {
    this.#held -= 1
    const [grant] = this.#waiters?.keys() ?? []
    if (grant) grant()
    else if (this.#held === 0) this.#onIdle()
  }

  #wait(response?: ServerResponse): Promise<Release | undefined> {
    const { maxWaiting, timeout } = this.#options
    this.#waiters ??= new Map()
    const waiters = this.#waiters
    if (waiters.size >= maxWaiting) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const settle = (release?: Release) => {
        clearTimeout(timer)
        waiters.delete(grant)
        resolve(release)
      }
      const grant = () => settle(this.#hold(response))
      const reject = () => settle()
      const timer = setTimeout(reject, timeout)
      if (response) onceClosed(response, reject)
      waiters.set(grant, reject)
    })
  }
}

/**
 * Creates a collection of semaphores, one per key, such as the id of a user or a project. A semaphore is created when
 * its key is first used, and removed when none of its permits is held any more.
 */
export function createKeyedSemaphore<Key = number>(options: SemaphoreOptions) {
  const semaphores = new Map<Key, Semaphore>()
  return {
    acquire(key: Key, response?: ServerResponse): Release | Promise<Release | undefined> {
      // A semaphore that never had a holder would never be removed.
      if (response?.destroyed) return Promise.resolve(undefined)
      const semaphore = semaphores.get(key) ?? new Semaphore(options, () => semaphores.delete(key))
      semaphores.set(key, semaphore)
      return semaphore.acquire(response)
    },

    rejectWaiters(key: Key): void {
      semaphores.get(key)?.rejectWaiters()
    },
  }
}
