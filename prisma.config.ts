import { defineConfig } from 'prisma/config'

// Every command of Prisma's command line requires a schema-engine binary, and downloads it if it is missing. The
// only command that this project uses (`generate`) never runs it, so any executable will do.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
