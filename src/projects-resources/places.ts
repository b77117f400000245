import type { ServerResponse } from 'node:http'

export interface PlacesOptions {
  /** How many may hold a place at once. */
  places: number
  /** How many may wait for one. */
  maxWaiting: number
  /** How long one waits, in milliseconds. */
  patience: number
  /** How long a place stays empty before the next one who waits gets it, as a multiple of the time that it was held. */
  rest?: number
}

/** Maximum time that a place stays empty while somebody waits, in milliseconds. */
const MAX_REST = 250

/** Frees a place. It does nothing if the place is free already. */
export type Leave = () => void

export type Places = ReturnType<typeof createPlaces>

/**
 * A counting semaphore with a bounded queue: first come, first served. A place that is taken
 * for a response is freed at the latest when that ends.
 * @param onEmpty called when nobody has a place any more
 */
export function createPlaces({ places, maxWaiting, patience, rest = 0 }: PlacesOptions, onEmpty = () => {}) {
  let taken = 0
  const waiting = new Map<() => void, () => void>()

  function hold(response?: ServerResponse): Leave {
    let isHeld = true
    const takenAt = rest > 0 ? performance.now() : 0
    const leave = () => {
      if (!isHeld) return
      isHeld = false
      response?.off('close', leave)
      if (rest > 0 && waiting.size > 0) setTimeout(free, Math.min(rest * (performance.now() - takenAt), MAX_REST))
      else free()
    }
    taken += 1
    response?.once('close', leave)
    return leave
  }

  function free() {
    taken -= 1
    const [next] = waiting.keys()
    if (next) next()
    else if (taken === 0) onEmpty()
  }

  async function wait(response?: ServerResponse): Promise<Leave | undefined> {
    if (response?.destroyed || waiting.size >= maxWaiting) return undefined
    return await new Promise((resolve) => {
      const end = (leave?: Leave) => {
        clearTimeout(timer)
        response?.off('close', giveUp)
        waiting.delete(next)
        resolve(leave)
      }
      const next = () => end(hold(response))
      const giveUp = () => end()
      const timer = setTimeout(giveUp, patience)
      response?.once('close', giveUp)
      waiting.set(next, giveUp)
    })
  }

  return {
    /**
     * @returns a place at once, if one is free; otherwise a promise of undefined if too many are waiting, or this one has
     * waited too long, or its client is gone
     */
    take(response?: ServerResponse): Leave | Promise<Leave | undefined> {
      if (taken < places && !response?.destroyed) return hold(response)
      return wait(response)
    },

    /** Ends the waiting of all: they get no place. */
    dismiss() {
      for (const giveUp of waiting.values()) giveUp()
    },
  }
}

/** Places for each key: the id of a user or a project. */
export function createKeyedPlaces(options: PlacesOptions) {
  const all = new Map<number, Places>()
  return {
    take(key: number, response?: ServerResponse): Leave | Promise<Leave | undefined> {
      if (response?.destroyed) return Promise.resolve(undefined)
      const places = all.get(key) ?? createPlaces(options, () => all.delete(key))
      all.set(key, places)
      return places.take(response)
    },

    dismiss(key: number) {
      all.get(key)?.dismiss()
    },
  }
}
