import proxyAddr from '@fastify/proxy-addr'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    isTrustedProxy: IsTrustedProxy
  }
}

type IsTrustedProxy = (address: string) => boolean

/**
 * Creates a function that returns whether an address is that of a trusted proxy.
 * @param networks IP addresses and CIDR networks
 */
export function createProxyTrust(networks: string[]): IsTrustedProxy {
  if (networks.length === 0) return () => false
  const isTrusted = proxyAddr.compile(networks)
  return (address) => isTrusted(address, 0)
}

/** An address with a port or in brackets: `203.0.113.8:50001`, `[2001:db8::1]:50001`, `"[2001:db8::1]"`. */
const WITH_PORT = /^"?(?:\[([^\]]+)\]|(\d+(?:\.\d+){3}))(?::\d+)?"?$/

interface ForwardedOptions {
  isTrustedProxy: IsTrustedProxy
  /** Whether any proxy is trusted. If not, `X-Forwarded-For` is ignored. */
  isEnabled: boolean
}

/** Removes the ports that some proxies, such as Azure's, add to the addresses in `X-Forwarded-For`. */
async function forwarded(app: FastifyInstance, { isTrustedProxy, isEnabled }: ForwardedOptions) {
  app.decorate('isTrustedProxy', isTrustedProxy)
  if (!isEnabled) return
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const list = headers['x-forwarded-for']
    if (list !== undefined) headers['x-forwarded-for'] = String(list).split(',').map(withoutPort).join(', ')
    done()
  })
}

export default fp(forwarded, { name: 'forwarded' })

function withoutPort(text: string): string {
  const address = text.trim()
  const [, v6, v4] = WITH_PORT.exec(address) ?? []
  return v6 ?? v4 ?? address
}

/**
 * Returns the origin that the browser requested, in the format of the `Origin` header. It is taken from
 * `X-Forwarded-Host`, `-Proto` and `-Port` if the request comes from a trusted proxy. With several proxies, the first
 * value counts, which is that of the outermost proxy.
 *
 * @returns undefined if the headers contain no valid origin
 */
export function requestedOrigin({ headers, socket, server }: FastifyRequest): string | undefined {
  const isTrusted = server.isTrustedProxy(socket.remoteAddress ?? '')
  const read = (name: string) =>
    (isTrusted
      ? String(headers[name] ?? '')
          .split(',', 1)[0]
          ?.trim()
      : '') || undefined
  // Without a proxy, clients connect to this service over plain HTTP.
  const scheme = read('x-forwarded-proto')?.toLowerCase() ?? 'http'
  if (scheme !== 'http' && scheme !== 'https') return undefined
  const host = read('x-forwarded-host') ?? headers.host ?? ''
  const port = /:\d+$/.test(host) ? undefined : read('x-forwarded-port')
  try {
    return new URL(`${scheme}://${host}${port ? `:${port}` : ''}`).origin
  } catch {
    return undefined
  }
}
