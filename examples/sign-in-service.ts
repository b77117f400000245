// Signs users in and forwards their requests to the resources service. See docs/integration.md.
//
//   SERVICE_TOKEN=... npx tsx examples/sign-in-service.ts
import cookie from '@fastify/cookie'
import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const {
  RESOURCES_URL = 'http://127.0.0.1:3000',
  INTERNAL_URL = RESOURCES_URL,
  SERVICE_TOKEN,
  PORT = '8080',
} = process.env

/** In your service, replace `users` and `signedIn` with your database, and compare password hashes. */
const users = [{ id: 5001, projectId: 6001, email: 'someone@example.com', password: 'correct horse' }]
const signedIn = new Map<string, { userId: number; sessionId: number }>()

/** Lifetime of a session, in seconds. */
const TTL = 7 * 24 * 60 * 60

const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax', secure: process.env['NODE_ENV'] === 'production' } as const

/** Calls the internal API of the resources service. The browser never sees the service token. */
async function internal<Result>(method: string, path: string, body?: object): Promise<Result> {
  const type = body ? { 'content-type': 'application/json' } : {}
  const headers = { authorization: `Bearer ${SERVICE_TOKEN}`, ...type }
  const response = await fetch(`${INTERNAL_URL}/internal/v1${path}`, {
    method,
    headers,
    body: JSON.stringify(body) ?? null,
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Result
}

const app = Fastify({ logger: true })
await app.register(cookie)

app.post<{ Body: { email: string; password: string } }>('/sign-in', async ({ body }, reply) => {
  const user = users.find(({ email, password }) => email === body.email && password === body.password)
  if (!user) return await reply.code(401).send({ message: 'Wrong email address or password' })
  const operations = [
    // The PUTs create the user and the project, or update the existing ones, so they can be repeated.
    { method: 'PUT', path: '', body: { email: user.email } },
    { method: 'PUT', path: `projects/${user.projectId}`, body: { name: 'My project' } },
    { method: 'POST', path: 'sessions', body: { ttl: TTL } },
  ]
  const { results } = await internal<{ results: { body: { id: number; token: string } }[] }>(
    'POST',
    `/users/${user.id}/sync`,
    { operations },
  )
  const session = results[2]?.body
  if (!session) throw new Error('The session is missing')
  signedIn.set(session.token, { userId: user.id, sessionId: session.id })
  reply.setCookie('neptun-session', session.token, { ...COOKIE, maxAge: TTL })
  return { user_id: user.id, project_id: user.projectId }
})

app.post('/sign-out', async ({ cookies }, reply) => {
  const { 'neptun-session': token = '' } = cookies
  const session = signedIn.get(token)
  if (session) await internal('DELETE', `/users/${session.userId}/sessions/${session.sessionId}`)
  signedIn.delete(token)
  return await reply.clearCookie('neptun-session', COOKIE).code(204).send()
})

// Forwards the browser's cookie to the resources service. docs/clients.md explains these headers.
await app.register(httpProxy, {
  upstream: RESOURCES_URL,
  prefix: '/api',
  rewritePrefix: '/api',
  replyOptions: {
    rewriteRequestHeaders: ({ ip, host, protocol }, headers) => ({
      ...headers,
      'x-forwarded-for': ip,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol,
    }),
  },
})

await app.listen({ port: Number(PORT) })
