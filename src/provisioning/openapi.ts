import type { RouteOptions } from 'fastify'
import { createDocument } from '../http/openapi/document-app.js'
import { VERSION } from '../http/openapi/version.js'

const DESCRIPTION = `For the service that signs users in and owns projects. It chooses the ids of users, projects and resources.

Every call requires \`Authorization: Bearer\` with a token of \`SERVICE_TOKENS\`. Cookies mean nothing here, there is no CORS, and
requests of browsers are refused.

**PUT** creates (201) or replaces (200), and can be repeated. A PUT that changes nothing leaves \`updated_at\`. **DELETE** can be
repeated, too: it returns how many rows it removed. An id that belongs to another user is 409 \`ID_TAKEN\`, and nothing changes.

**Errors** have one shape (\`Error\`), as in the public API.`

/** Makes the OpenAPI document of these routes, as JSON text. */
export async function createServiceDocument(routes: RouteOptions[]): Promise<string> {
  const made = await createDocument(routes, {
    openapi: '3.1.0',
    info: {
      title: 'Neptun projects resources: the API for other services',
      version: VERSION,
      description: DESCRIPTION,
      contact: { name: 'The operator of this service' },
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    tags: [
      { name: 'Users', description: 'Who owns everything else.' },
      { name: 'Projects', description: 'What users work on.' },
      { name: 'Sessions', description: 'Who is signed in.' },
      { name: 'Resources', description: "What a user's projects can link." },
      { name: 'Sync', description: 'Many of these at once.' },
    ],
    components: { securitySchemes: { serviceToken: { type: 'http', scheme: 'bearer' } } },
  })
  // Relative to the address of the document: /internal/openapi.json.
  return JSON.stringify({ ...made, servers: [{ url: '..' }] })
}
