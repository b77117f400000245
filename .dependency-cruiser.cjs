// The layers: a request walks server -> app -> http -> projects-resources -> repository -> database, and nothing
// walks back. `npm run lint` holds this.
const entries = '^src/(server|dev|cli)\\.ts$'
const repositories = '^src/.*repository\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-an-entry',
      severity: 'error',
      from: {},
      to: { path: entries },
    },
    {
      name: 'src-imports-no-tests-or-tools',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^(test|trials|bench|prisma|scripts|docs)/' },
    },
    {
      name: 'only-http-routes-app-and-entries-know-fastify',
      severity: 'error',
      from: {
        path: '^src',
        pathNot: [
          entries,
          '^src/app\\.ts$',
          '^src/http/',
          '^src/projects-resources/(index|session|list-response|object-response|idempotency/index)\\.ts$',
          '^src/.*/routes\\.ts$',
          '^src/provisioning/(index|authentication|admission|openapi)\\.ts$',
          '^src/github/webhooks/index\\.ts$',
        ],
      },
      to: { path: 'node_modules/(fastify|fastify-plugin|@fastify)/' },
    },
    {
      name: 'schemas-import-typebox-only',
      severity: 'error',
      from: { path: '^src/.*schemas\\.ts$' },
      to: {
        pathNot: [
          'node_modules/@sinclair/typebox',
          '^src/.*schemas\\.ts$',
          '^src/.*/(source-path/index|creation-order|link-cursor)\\.ts$',
          '^src/identity-rules\\.ts$',
        ],
      },
    },
    {
      name: 'repositories-know-no-http-and-no-octokit',
      severity: 'error',
      from: { path: repositories },
      to: {
        path: [
          '^src/http/',
          '^src/projects-resources/session',
          '^src/errors\\.ts$',
          'node_modules/(fastify|@octokit)/',
        ],
      },
    },
    {
      name: 'only-repositories-and-the-session-hook-query-the-database',
      severity: 'error',
      from: {
        path: '^src/projects-resources/',
        pathNot: [repositories, '^src/projects-resources/(index|session|owner)\\.ts$', '/descriptor\\.ts$'],
      },
      to: { path: '^src/database/(database|generated/(client|models))' },
    },
    {
      name: 'only-the-session-hook-authorizes',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/projects-resources/session\\.ts$' },
      to: { path: '^src/projects-resources/owner\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-src-github-knows-octokit',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/github/' },
      to: { path: 'node_modules/@octokit/' },
    },
    {
      name: 'the-database-knows-nothing-above-it',
      severity: 'error',
      from: { path: '^src/database/' },
      to: { path: '^src/', pathNot: ['^src/database/', '^src/errors\\.ts$'] },
    },
    {
      name: 'production-needs-no-dev-dependency',
      severity: 'error',
      from: { path: '^src', pathNot: ['^src/dev'] },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'development-stays-in-development',
      severity: 'error',
      from: { path: '^src', pathNot: ['^src/dev'] },
      to: { path: '^src/dev' },
    },
  ],
  options: {
    exclude: { path: '^bench/[.]' },
    doNotFollow: { path: ['node_modules', 'src/database/generated'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'] },
  },
}
