import pg from 'pg'

/** Opens a connection for a task, and closes it whatever comes of that. */
export async function withClient<T>(connectionString: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 })
  // A connection that is lost fails the statement; unheard, it would end the process besides.
  client.on('error', () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
