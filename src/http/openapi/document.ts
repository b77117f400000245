import { SESSION_COOKIE } from '../../session-token.js'
import { createInfo } from './info.js'

const DESCRIPTION = `Manages the content of a user's projects:

- **imports**: a GitHub, GitLab or Bitbucket repository, a Git URL, a web page or a local folder
- **files**: files that belong to the project itself, such as context for a chat
- **resources**: links to the user's files, template collections, GitHub App installations and chat conversations

**Authentication.** Project endpoints require the session cookie \`${SESSION_COOKIE}\`. If this page is on the same
host as the service that signs users in, the browser already has the cookie and sends it automatically. Otherwise,
press *Authorize* and enter the token of a session. In development, you are already signed in as the demonstration
user (user 1, project 789).

**Data types.** Ids are integers from 1 to 2147483647; GitHub's ids are strings in responses. Times are ISO 8601 in
UTC with milliseconds. Unknown and read-only properties in a request body are ignored.

**Errors.** Every error response has the schema \`Error\`. Use \`code\` in programs: it is stable. Checks run in this
order: session (401), cross-site write (403), validation (400), user (403), project and its items (404), access to
GitHub (403). One 400 comes later, after the 404: if a PUT of an import has only one of \`source_type\` and
\`source_path\`, and it does not fit the stored value of the other. An unknown resource type in a path is 400
\`INVALID_RESOURCE_TYPE\`. Any other unknown path, or a method that the path does not support, is 404
\`ROUTE_NOT_FOUND\`.

**Retries.** Send an \`Idempotency-Key\` with a POST to make it safe to retry. On 429 and 503, wait for the number of
seconds in \`Retry-After\`.

**Caching and concurrency.** Send the \`ETag\` of a response as \`If-None-Match\` to read an object or a list only if
it has changed. Send it as \`If-Match\` to change or delete an import or a file only if it has not changed since it
was read.

**Pagination.** Lists are complete by default. Where \`limit\` is supported, it limits the size of a page: follow the
\`Link\` header to the next page.`

/** The parts of the document that do not depend on a route. `shareParts` removes unused tags and security schemes. */
export const document = {
  openapi: '3.1.0',
  info: createInfo('Neptun projects resources', DESCRIPTION),
  tags: [
    { name: 'Imports', description: "External sources of a project's content." },
    { name: 'Files', description: 'Files that belong to the project itself, such as context for a chat.' },
    { name: 'Project resources', description: "Links between a project and its user's resources." },
    { name: 'GitHub repositories', description: 'Repositories that the project can import from GitHub.' },
    { name: 'Webhooks', description: 'Webhook deliveries from GitHub.' },
    { name: 'Health', description: 'Liveness and readiness probes.' },
  ],
  components: {
    securitySchemes: {
      session: {
        type: 'apiKey' as const,
        in: 'cookie',
        name: SESSION_COOKIE,
        description: 'Session token.',
      },
      githubSignature: {
        type: 'apiKey' as const,
        in: 'header',
        name: 'X-Hub-Signature-256',
        description: "GitHub's HMAC-SHA256 signature of the body, made with the webhook secret.",
      },
    },
  },
}
