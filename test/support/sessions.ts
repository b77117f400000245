/** Maximum number of concurrent requests per session in the service. */
const MAX_CALLS = 16

interface Session {
  token: Promise<string>
  calls: number
}

/**
 * Distributes concurrent requests with one token over several sessions of its user. A test can then have more requests
 * in progress than one session may have. A request uses the given token if fewer than MAX_CALLS requests do so already.
 *
 * @param createSession creates another session of the token's user; returns undefined for an unknown token
 */
export function spreadCalls(createSession: (token: string) => Promise<string> | undefined) {
  const sessions = new Map<string, Session[]>()

  function choose(token: string): Session {
    const existing = sessions.get(token) ?? [{ token: Promise.resolve(token), calls: 0 }]
    sessions.set(token, existing)
    const available = existing.find(({ calls }) => calls < MAX_CALLS)
    if (available) return available
    const created = { token: createSession(token) ?? Promise.resolve(token), calls: 0 }
    existing.push(created)
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
    /** Discards the created sessions. Must be called before their rows are deleted. */
    clear: () => sessions.clear(),
  }
}
