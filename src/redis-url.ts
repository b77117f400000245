/** Returns whether `url` has the form `redis[s]://user:password@host:6379/0`. Only scheme and host are required. */
export function isRedisUrl(url: string): boolean {
  try {
    const { protocol, username, password, hostname, pathname, search, hash } = new URL(url)
    for (const part of [username, password]) decodeURIComponent(part)
    const isRedis = /^rediss?:$/.test(protocol) && hostname !== ''
    return isRedis && /^(\/\d{0,4})?$/.test(pathname + search + hash)
  } catch {
    return false
  }
}
