import { SESSION_COOKIE } from '../../session-token.js'
import { VERSION } from './version.js'

const DESCRIPTION = `Keeps, for each project of a user, its **imports** (a GitHub, GitLab or Bitbucket repository, a Git URL,
a web page, a local folder), its **files** and its **resources**: links to the user's files, template collections, GitHub App
installations and chat conversations.

**Signing in.** Each call wants the cookie \`${SESSION_COOKIE}\`. Where this page is served beside the service that signs
users in, the browser has it, and sends it by itself; else press *Authorize* and enter the token of a session. In
development you are signed in as the demonstration user already: user 1, project 789.

**Ids** are integers from 1 to 2147483647; **times** are ISO 8601 in UTC with milliseconds. What a body holds beyond the
fields that are named here is ignored.

**Errors** have one shape (\`Error\`). \`code\` is for programs. They come in this order: the session (401), the request
(400), the user (403), the project and what is in it (404), access to GitHub (403). In the place of a resource type, any
other word is 400 \`INVALID_RESOURCE_TYPE\`; any other path, or a method that a path does not have, is 404
\`ROUTE_NOT_FOUND\`.`

/** Everything in the document that is not about one route. Schemes and tags that no route uses are left out later. */
export const document = {
  openapi: '3.1.0',
  info: {
    title: 'Neptun projects resources',
    version: VERSION,
    description: DESCRIPTION,
    contact: { name: 'The operator of this service' },
    license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
  },
  tags: [
    { name: 'Imports', description: 'Where the content of a project comes from.' },
    { name: 'Files', description: 'What belongs to a project itself, such as context for a chat.' },
    { name: 'Project resources', description: 'What a project links of what its user has.' },
    { name: 'GitHub repositories', description: 'What can be imported from GitHub.' },
    { name: 'Webhooks', description: 'What GitHub tells the service.' },
    { name: 'Health', description: 'For whoever runs the service.' },
  ],
  components: {
    securitySchemes: {
      session: {
        type: 'apiKey' as const,
        in: 'cookie',
        name: SESSION_COOKIE,
        description: 'The token of a session.',
      },
      githubSignature: {
        type: 'apiKey' as const,
        in: 'header',
        name: 'X-Hub-Signature-256',
        description: "GitHub's signature of the body, made with the secret of the webhook.",
      },
    },
  },
}
