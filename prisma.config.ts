import { defineConfig } from 'prisma/config'

// Prisma's command line wants a schema-engine binary, which it would download, on every command, also on those that
// never run it. `generate`, `validate` and `format` are the ones used here: any executable will do.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
