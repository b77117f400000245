/**
 * Sessions of the demonstration user. One session can have 16 requests in progress, and a load has more connections than
 * that: each connection uses the next session.
 */
export const TOKENS = Array.from({ length: 32 }, (_, index) => `trial-session-${index}`.padEnd(43, '-'))

let taken = 0

export function takeToken(): string {
  taken += 1
  return TOKENS[taken % TOKENS.length] as string
}
