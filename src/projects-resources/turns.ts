import { isDatabaseUnavailable, isLockTimeout } from '../database/errors.js'
import { ApiError, tooManyRequests } from '../errors.js'
import type { Owner } from './owner.js'
import { createKeyedPlaces, createPlaces, type Leave } from './places.js'

/**
 * How many calls to the database can be in progress; others wait. A lock makes calls wait in the database, each with a
 * connection: on the row of a project for its writes (which wait for each other, too), on a table for all calls of a repository.
 * Each limit is less than the next, so that other projects, other repositories and other users can go on.
 */
const WRITES_OF_PROJECT = 2
const OF_USER_IN_REPOSITORY = 3
const OF_USER = 4

/** The share of the connections that the calls of one repository can take. Of three or fewer, all. */
const SHARE = 0.7

/** How many calls may wait for a place of their user or project, and how long, in milliseconds. */
const WAITING = { maxWaiting: 64, patience: 15_000 }

/** The names of methods that only read, which never wait for a lock on a row. */
const READS = /^(find|list|read)/

type Method = (owner: Owner, ...args: never[]) => Promise<unknown>

export interface TurnsOptions {
  /** The size of the pool. */
  max: number
  /** How long a call waits for a connection, in milliseconds. */
  connectionTimeoutMillis?: number | undefined
}

/** Lets the calls of projects, users and repositories take turns. */
export function createTurns({ max, connectionTimeoutMillis: patience = 0 }: TurnsOptions) {
  const writes = createKeyedPlaces({ places: WRITES_OF_PROJECT, ...WAITING })
  const calls = createKeyedPlaces({ places: OF_USER, ...WAITING })
  /** When a call last found the database unavailable, by the clock of performance.now(). */
  let unavailableAt = Number.NEGATIVE_INFINITY

  /** Returns a repository whose methods take turns. */
  function guard<T extends object>(repository: T): T {
    const callsHere = createKeyedPlaces({ places: OF_USER_IN_REPOSITORY, ...WAITING })
    const inTotal = createPlaces({ places: Math.ceil(SHARE * max), maxWaiting: Number.POSITIVE_INFINITY, patience })

    async function enter({ userId, projectId }: Owner, isRead: boolean): Promise<Leave> {
      const begun = performance.now()
      const leave = await takeAll([
        ...(isRead ? [] : [() => writes.take(projectId)]),
        () => callsHere.take(userId),
        () => calls.take(userId),
      ])
      if (!leave && unavailableAt > begun) throw unavailable()
      if (!leave) throw tooManyRequests('Too many requests of this user are waiting', 1)
      const leaveTotal = await inTotal.take()
      if (leaveTotal) return both(leaveTotal, leave)
      unavailableAt = performance.now()
      callsHere.dismiss(userId)
      leave()
      throw unavailable()
    }

    /** Ends the waiting of calls whose turns would end like this one, later. */
    function dismiss({ userId, projectId }: Owner, isRead: boolean, error: unknown): void {
      unavailableAt = performance.now()
      writes.dismiss(projectId)
      const isRowLocked = isLockTimeout(error) && !isRead
      if (!isRowLocked) callsHere.dismiss(userId)
      if (!isLockTimeout(error)) calls.dismiss(userId)
    }

    async function run<R>(owner: Owner, isRead: boolean, call: () => Promise<R>): Promise<R> {
      const leave = await enter(owner, isRead)
      try {
        return await call()
      } catch (error) {
        if (isUnavailable(error)) dismiss(owner, isRead, error)
        throw error
      } finally {
        leave()
      }
    }

    const methods = Object.entries(repository) as [string, Method][]
    const guarded = methods.map(([name, method]): [string, Method] => [
      name,
      (owner, ...args) => run(owner, READS.test(name), () => method(owner, ...args)),
    ])
    return Object.fromEntries(guarded) as T
  }

  return { guard }
}

/** Takes places one after the other. @returns undefined, and keeps none, if one is not available */
async function takeAll(takes: (() => Leave | Promise<Leave | undefined>)[]): Promise<Leave | undefined> {
  let all: Leave = () => {}
  for (const take of takes) {
    const leave = await take()
    if (!leave) {
      all()
      return undefined
    }
    all = both(leave, all)
  }
  return all
}

const both =
  (first: Leave, second: Leave): Leave =>
  () => {
    first()
    second()
  }

const unavailable = () => new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1 })

const isUnavailable = (error: unknown) =>
  error instanceof ApiError ? error.code === 'DATABASE_UNAVAILABLE' : isDatabaseUnavailable(error)
