// The overhead that all contenders share: Fastify sends the same body from memory to every client.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { serve } from './serve.js'

/** The service's response to the first request of each call. */
const bodies: { list: string; resources: string } = JSON.parse(readFileSync(process.env['BODIES'] ?? '', 'utf8'))
const BASE = '/api/users/:user_id/projects/:project_id/resources'
const TYPE = 'application/json; charset=utf-8'

const app = Fastify()
app.get(`${BASE}/imports`, async (_request, reply) => reply.header('content-type', TYPE).send(bodies.list))
app.get(`${BASE}/user-files`, async (_request, reply) => reply.header('content-type', TYPE).send(bodies.resources))

await serve(app)
