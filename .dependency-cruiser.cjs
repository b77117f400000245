// Layers, from the top: server, app, routes (of projects-resources, provisioning and github), repositories, database.
// Upper layers import lower ones. Routes also import src/http; repositories do not. Checked by `npm run lint`.
const entries = '^src/(server|cli)\\.ts$'
const repositories = '^src/.*repository\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-imports-of-entry-points',
      severity: 'error',
      // The service of `npm run dev` prepares the database, then becomes the server.
      from: { pathNot: '^dev/service\\.ts$' },
      to: { path: entries },
    },
    {
      name: 'no-imports-of-tests-or-tools-in-src',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^(dev|test|trials|bench|prisma|scripts|docs)/' },
    },
    {
      name: 'fastify-only-in-http-routes-app-and-entry-points',
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
      name: 'schemas-import-only-typebox',
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
      name: 'no-http-or-octokit-in-repositories',
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
      name: 'octokit-only-in-src-github',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/github/' },
      to: { path: 'node_modules/@octokit/' },
    },
    {
      name: 'no-imports-of-upper-layers-in-database',
      severity: 'error',
      from: { path: '^src/database/' },
      to: { path: '^src/', pathNot: ['^src/database/', '^src/(errors|count-of|package)\\.ts$'] },
    },
    {
      name: 'no-dev-dependencies-in-production',
      severity: 'error',
      from: { path: '^src' },
      to: { dependencyTypes: ['npm-dev'] },
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
