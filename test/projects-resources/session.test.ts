import { readdir, readFile } from 'node:fs/promises'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, RouteOptions } from 'fastify'
import t from 'tap'
import { errorBody, OWNER, resources, startApp, validationErrorBody } from '../support/app.js'

const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const FORBIDDEN = errorBody(403, 'USER_MISMATCH', 'Forbidden')
const NO_PROJECT = errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found')

/** Routes that declare no protection. */
const UNPROTECTED = [
  ['GET', '/unprotected', undefined],
  ['POST', '/unprotected', undefined],
  ['POST', '/unprotected-body', Type.Object({ name: Type.String() })],
  ['PUT', '/unprotected', undefined],
  ['DELETE', '/unprotected', undefined],
] as const

/** Registers UNPROTECTED next to the routes of imports, in a plugin that is nested in the guarded one. */
function addRoutes(this: FastifyInstance, handled: string[], { url, method }: RouteOptions) {
  if (!url.endsWith('/imports') || method !== 'GET') return
  for (const [method, url, body] of UNPROTECTED) {
    this.route({
      method,
      url,
      schema: { hide: true, ...(body && { body }) },
      handler: async (request) => {
        handled.push(`${method} ${url}`)
        const { userId, projectId } = request.owner
        return { userId, projectId }
      },
    })
  }
}

t.test('every route of the plugin for projects is guarded, even if it declares no schema or protection', async (t) => {
  const handled: string[] = []
  const { call } = await startApp(
    t,
    {},
    {
      onRoute(route) {
        addRoutes.call(this, handled, route)
      },
    },
  )
  for (const [method, url, schema] of UNPROTECTED) {
    for (const body of schema ? [{ name: 'a' }] : method === 'GET' ? [undefined] : [undefined, { any: 'thing' }]) {
      await t.test(`${method} ${url} ${body ? 'with' : 'without'} a body`, async (t) => {
        const send = async (ids: object, token: string | null = OWNER.token) => {
          const response = await call(method, resources(url, { ...OWNER, ...ids }), { token, body })
          return [response.status, response.body]
        }
        t.strictSame(await send({}, null), [401, UNAUTHORIZED], 'no cookie')
        t.strictSame(await send({}, 'x'), [401, UNAUTHORIZED], 'a malformed cookie')
        t.strictSame(await send({}, 'a'.repeat(43)), [401, UNAUTHORIZED], 'an unknown session')
        t.strictSame(await send({ userId: 2 }), [403, FORBIDDEN], "another user's path")
        t.strictSame(await send({ userId: 2, projectId: 790 }), [403, FORBIDDEN], "another user's project")
        t.strictSame(await send({ projectId: 790 }), [404, NO_PROJECT], "another user's project, the caller's id")
        t.strictSame(await send({ projectId: 4711 }), [404, NO_PROJECT], 'a project that does not exist')
        t.strictSame(
          (await send({ userId: '01' }))[1],
          validationErrorBody(['path.user_id', 'must be an integer from 1 to 2147483647']),
          'path parameters are validated although the route has no schema for them',
        )
        t.strictSame(handled, [], 'the handler has not run')
        t.strictSame(await send({}), [200, { userId: 1, projectId: 789 }], 'a request of the owner passes all checks')
        t.strictSame(handled.splice(0), [`${method} ${url}`])
      })
    }
  }
})

t.test('request.owner throws before the access check has passed', async (t) => {
  const seen: string[] = []
  const { call } = await startApp(
    t,
    {},
    {
      onRoute({ url, method }) {
        if (!url.endsWith('/imports') || method !== 'GET') return
        this.get('/early', {
          schema: { hide: true },
          preValidation: async (request) => {
            try {
              seen.push(String(request.owner.projectId))
            } catch (error) {
              seen.push((error as Error).message)
            }
          },
          handler: async () => ({}),
        })
      },
    },
  )
  await call('GET', resources('/early', { ...OWNER, projectId: 790 }))
  await call('GET', resources('/early'))
  t.strictSame(seen, ['This request has not been authorized', 'This request has not been authorized'])
})

t.test('the ids of an owner cannot be changed', async (t) => {
  const seen: unknown[] = []
  const { call } = await startApp(
    t,
    {},
    {
      onRoute({ url, method }) {
        if (!url.endsWith('/imports') || method !== 'GET') return
        this.get('/changed', {
          schema: { hide: true },
          handler: async ({ owner }) => {
            t.throws(() => Object.assign(owner, { projectId: 790 }), TypeError)
            seen.push(owner.projectId)
            return {}
          },
        })
      },
    },
  )
  await call('GET', resources('/changed'))
  t.strictSame(seen, [789])
})

t.test('no source file casts to Owner', async (t) => {
  const src = new URL('../../src/', import.meta.url)
  const files = (await readdir(src, { recursive: true })).filter((file) => /^(?!.*generated).*\.ts$/.test(file))
  t.ok(files.includes('projects-resources/owner.ts'))
  for (const file of files) t.notMatch(await readFile(new URL(file, src), 'utf8'), /\bas Owner\b|<Owner>/, file)
})
