/**
 * Session tokens of the demonstration user. A session can have at most 16 requests in progress, so the connections of a
 * load are distributed over several sessions.
 */
export const TOKENS = Array.from({ length: 32 }, (_, index) => `trial-session-${index}`.padEnd(43, '-'))

let used = 0

/** Returns the token for the next connection. */
export function nextToken(): string {
  used += 1
  return TOKENS[used % TOKENS.length] as string
}
