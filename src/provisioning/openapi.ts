import type { RouteOptions } from 'fastify'
import { createDocument } from '../http/openapi/document-app.js'
import { createInfo } from '../http/openapi/info.js'

const DESCRIPTION = `For the service that signs users in and owns projects. That service assigns the ids of users and
projects, and of the resources that it creates here. Resources that users create through the public API get ids from
sequences.

Every request requires \`Authorization: Bearer\` with one of the tokens in \`SERVICE_TOKENS\`. Cookies are ignored,
CORS is disabled, and requests from browsers are refused.

**PUT** creates (201) or updates (200), and is idempotent. A PUT that changes nothing leaves \`updated_at\` as it was.
**DELETE** is idempotent, too. It returns the number of removed rows or revoked sessions. An id that belongs to another
user is 409 \`ID_TAKEN\`, and nothing changes.

**Errors** have the same shape (\`Error\`) as in the public API.`

/** Creates the OpenAPI document of the internal API, as JSON text. */
export async function createServiceDocument(routes: RouteOptions[]): Promise<string> {
  const document = await createDocument(routes, {
    openapi: '3.1.0',
    info: createInfo('Neptun projects resources: internal API', DESCRIPTION),
    tags: [
      { name: 'Users', description: 'Users own all other objects.' },
      { name: 'Projects', description: 'Projects of users.' },
      { name: 'Sessions', description: 'Signing users in and out.' },
      { name: 'Resources', description: "Resources that a user's projects can link." },
      { name: 'Sync', description: 'Many operations in one transaction.' },
    ],
    components: { securitySchemes: { serviceToken: { type: 'http', scheme: 'bearer' } } },
  })
  // Relative to the URL of the document, /internal/openapi.json.
  return JSON.stringify({ ...document, servers: [{ url: '..' }] })
}
