interface BrowserRequest {
  headers: Record<string, string>
}

interface Browser {
  document: { cookie: string }
  location: { protocol: string }
}

/**
 * Runs in the browser, and so must refer to nothing outside itself. A script cannot send a `Cookie` header, which is what
 * the page makes of its *Authorize*: it becomes a cookie of the browser, which sends it from now on.
 */
export const bySessionCookie = (request: BrowserRequest): BrowserRequest => {
  const { document, location } = globalThis as unknown as Browser
  const { Cookie: cookie, ...headers } = request.headers
  if (cookie === undefined) return request
  document.cookie = `${cookie}; path=/; samesite=strict${location.protocol === 'https:' ? '; secure' : ''}`
  request.headers = headers
  return request
}
