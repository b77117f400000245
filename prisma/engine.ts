import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

/** The part of the WebAssembly global that this file uses. TypeScript declares it only in libraries for browsers. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: unknown } }>
}

const schemaFile = new URL('./schema.prisma', import.meta.url)

/**
 * Generates the SQL that migrates a database to prisma/schema.prisma.
 *
 * Uses the WebAssembly build of Prisma's schema engine, which is an npm package. Prisma's command line would download a
 * binary.
 *
 * @param databaseUrl a PostgreSQL URL of the database to compare
 * @returns SQL, or a comment that the migration is empty
 */
export async function diffToSchema(databaseUrl: string): Promise<string> {
  const schema = { path: 'schema.prisma', content: await readFile(schemaFile, 'utf8') }
  const pool = new pg.Pool({ connectionString: databaseUrl })
  try {
    const engine = await startEngine(schema, pool)
    const result = await engine.diff({
      from: { tag: 'schemaDatasource', files: [schema], configDir: '.' },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: null,
      filters: { externalTables: ['public._prisma_migrations'], externalEnums: [] },
    })
    return result.stdout ?? ''
  } finally {
    await pool.end()
  }
}

let loading: Promise<void> | undefined

async function startEngine(schema: { path: string; content: string }, pool: pg.Pool) {
  loading ??= loadEngine()
  await loading
  return await bindings.SchemaEngine.new(
    { datamodels: [[schema.path, schema.content]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(new IntrospectingAdapterFactory(pool)),
  )
}

/** Instantiates the WebAssembly module. The package leaves this to a bundler. */
async function loadEngine() {
  const wasmFile = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm')
  const { instance } = await WebAssembly.instantiate(await readFile(wasmFile), { './schema_engine_bg.js': bindings })
  const glue = bindings as unknown as { __wbg_set_wasm(exports: unknown): void }
  const exports = instance.exports as { __wbindgen_start(): void }
  glue.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
}

/** Type ids (OIDs) of `"char"` and `"char"[]`. */
const CHAR = 18
const CHAR_ARRAY = 1002

/**
 * Adds support for PostgreSQL's one-byte type `"char"`, which the engine reads from the system catalog and which
 * @prisma/adapter-pg 7.10.0 does not map. The adapter does map `"char"[]`, so query results are relabeled as that type
 * before the adapter converts them, and relabeled as characters afterwards.
 */
class IntrospectingAdapterFactory extends PrismaPg implements SqlMigrationAwareDriverAdapterFactory {
  constructor(pool: pg.Pool) {
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>
    pool.query = (async (...args: unknown[]) => {
      const result = await query(...args)
      for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY
      return result
    }) as typeof pool.query
    super(pool)
  }

  override async connect() {
    const adapter = await super.connect()
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query)
      const columnTypes = result.columnTypes.map((type) =>
        type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type,
      )
      return { ...result, columnTypes }
    }
    return adapter
  }
}
