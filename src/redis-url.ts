/** Whether a URL has the form redis://user:password@host:6379/0, of which only the host is required. */
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
