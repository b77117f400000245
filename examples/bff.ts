// A front end's backend, which forwards the browser's requests, with their cookie, to the resources service. That
// service must trust this backend as a proxy: set TRUST_PROXY=127.0.0.1 if both run on the same machine.
import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const { RESOURCES_URL = 'http://127.0.0.1:3000', PORT = '8080' } = process.env

const app = Fastify({ logger: true })

await app.register(httpProxy, {
  upstream: RESOURCES_URL,
  prefix: '/api',
  rewritePrefix: '/api',
  replyOptions: {
    // `headers` includes the browser's Cookie, Origin and Sec-Fetch-Site. Host is replaced by that of the upstream.
    rewriteRequestHeaders: ({ ip, host, protocol }, headers) => ({
      ...headers,
      'x-forwarded-for': ip,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol,
    }),
  },
})

await app.listen({ port: Number(PORT) })
