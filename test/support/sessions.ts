/** How many requests the service allows one session to have in progress. */
const MAX_CALLS = 16

interface Session {
  token: Promise<string>
  calls: number
}

/**
 * Spreads the calls with one token over as many sessions as the service requires, so that a test can send more requests at
 * once than one session may have in progress. Fewer requests all use the given token.
 *
 * @param createSession creates another session of the same user; undefined for a token that has none
 */
export function spreadCalls(createSession: (token: string) => Promise<string> | undefined) {
  const sessions = new Map<string, Session[]>()

  function choose(token: string): Session {
    const known = sessions.get(token) ?? [{ token: Promise.resolve(token), calls: 0 }]
    sessions.set(token, known)
    const free = known.find(({ calls }) => calls < MAX_CALLS)
    if (free) return free
    const created = { token: createSession(token) ?? Promise.resolve(token), calls: 0 }
    known.push(created)
    return created
  }

  return {
    async send<Result>(token: string, call: (token: string) => Promise<Result>): Promise<Result> {
      const session = choose(token)
      session.calls += 1
      try {
        return await call(await session.token)
      } finally {
        session.calls -= 1
      }
    },
    /** Forgets the sessions, which are about to be deleted. */
    clear: () => sessions.clear(),
  }
}
