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

/**
 * A counting semaphore with a bounded queue: first come, first served. A place that is taken for a response is freed at the
 * latest when that ends. (p-limit, by contrast, bounds neither the queue nor the time in it.)
 */
export class Places {
  readonly #options: PlacesOptions
  readonly #onEmpty: () => void
  #taken = 0
  /** In the order of their arrival: what gives one a place, and what makes it give up. */
  #waiting: Map<() => void, () => void> | undefined

  /** @param onEmpty called when no place is taken any more */
  constructor(options: PlacesOptions, onEmpty = () => {}) {
    this.#options = options
    this.#onEmpty = onEmpty
  }

  /**
   * @returns a place at once, if one is free; otherwise a promise of undefined if too many are waiting, or this one has
   * waited too long, or its client is gone
   */
  take(response?: ServerResponse): Leave | Promise<Leave | undefined> {
    if (response?.destroyed) return Promise.resolve(undefined)
    return this.#taken < this.#options.places ? this.#hold(response) : this.#wait(response)
  }

  /** Ends the waiting of all: they get no place. */
  dismiss(): void {
    for (const giveUp of this.#waiting?.values() ?? []) giveUp()
  }

  #hold(response?: ServerResponse): Leave {
    const { rest = 0 } = this.#options
    const takenAt = rest > 0 ? performance.now() : 0
    let isHeld = true
    const leave = () => {
      if (!isHeld) return
      isHeld = false
      response?.off('close', leave)
      if (rest === 0 || !this.#waiting?.size) return this.#free()
      setTimeout(() => this.#free(), Math.min(rest * (performance.now() - takenAt), MAX_REST))
    }
    this.#taken += 1
    response?.once('close', leave)
    return leave
  }

  #free(): void {
    this.#taken -= 1
    const [next] = this.#waiting?.keys() ?? []
    if (next) next()
    else if (this.#taken === 0) this.#onEmpty()
  }

  #wait(response?: ServerResponse): Promise<Leave | undefined> {
    const { maxWaiting, patience } = this.#options
    this.#waiting ??= new Map()
    const waiting = this.#waiting
    if (waiting.size >= maxWaiting) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const end = (leave?: Leave) => {
        clearTimeout(timer)
        response?.off('close', giveUp)
        waiting.delete(next)
        resolve(leave)
      }
      const next = () => end(this.#hold(response))
      const giveUp = () => end()
      const timer = setTimeout(giveUp, patience)
      response?.once('close', giveUp)
      waiting.set(next, giveUp)
    })
  }
}

/** Places for each key: the id of a user or a project. */
export function createKeyedPlaces(options: PlacesOptions) {
  const all = new Map<number, Places>()
  return {
    take(key: number, response?: ServerResponse): Leave | Promise<Leave | undefined> {
      // It would never be empty again.
      if (response?.destroyed) return Promise.resolve(undefined)
      const places = all.get(key) ?? new Places(options, () => all.delete(key))
      all.set(key, places)
      return places.take(response)
    },

    dismiss(key: number) {
      all.get(key)?.dismiss()
    },
  }
}
