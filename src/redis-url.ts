const FORM = 'be a URL of the form redis://user:password@host:6379/0'

/**
 * Finds what is wrong with the URL of a Redis.
 *
 * @returns what it must be, completing "REDIS_URL must ..."; undefined if it is valid. It never contains a part of the URL.
 */
export function redisUrlFault(url: string): string | undefined {
  try {
    const { protocol, username, password, hostname, pathname, search, hash } = new URL(url)
    for (const part of [username, password]) decodeURIComponent(part)
    const isRedis = /^rediss?:$/.test(protocol) && hostname !== ''
    return isRedis && /^(\/\d{0,4})?$/.test(pathname + search + hash) ? undefined : FORM
  } catch {
    return FORM
  }
}
