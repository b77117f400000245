interface BrowserRequest {
  headers: Record<string, string>
}

interface Browser {
  document: { cookie: string }
  location: { protocol: string }
}

/**
 * Moves the `Cookie` header of a request, which Swagger UI sets after *Authorize*, to the browser's cookies: scripts
 * are not allowed to send this header. This function is serialized and runs in the browser, so it must be
 * self-contained.
 */
export const bySessionCookie = (request: BrowserRequest): BrowserRequest => {
  const { document, location } = globalThis as unknown as Browser
  const { Cookie: cookie, ...headers } = request.headers
  if (cookie === undefined) return request
  document.cookie = `${cookie}; path=/; samesite=strict${location.protocol === 'https:' ? '; secure' : ''}`
  request.headers = headers
  return request
}
