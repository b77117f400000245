import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { type TestApp, until } from './app.js'

const PROGRAM = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'].find(
  existsSync,
)

/** Value for the option `skip` of a test. */
export const NO_REDIS = PROGRAM === undefined && 'redis-server is not installed'

export interface TestRedis {
  url: string
  /** Deletes all keys. */
  clear: () => Promise<unknown>
  stop: () => Promise<unknown>
  /** Starts it again, without keys. */
  start: () => Promise<unknown>
  /** Suspends or resumes the process. While suspended, it accepts connections but does not respond. */
  freeze: (isFrozen: boolean) => void
  /** Makes it a replica, which rejects writes, or a primary again. */
  setReadOnly: (isReadOnly: boolean) => Promise<unknown>
}

/** Starts Redis, and stops it after the test. */
export async function startRedis(t: Test): Promise<TestRedis> {
  const port = await findFreePort()
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const url = `redis://127.0.0.1:${port}/0`
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  client.on('error', () => {})
  let server: ChildProcess
  const start = () => {
    server = spawn(PROGRAM ?? 'redis-server', options, { stdio: 'ignore' })
    return client.ping()
  }
  t.teardown(() => {
    client.disconnect()
    server.kill('SIGKILL')
  })
  await start()
  const stop = () => {
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    return exited
  }
  return {
    url,
    clear: () => client.flushall(),
    stop,
    start,
    freeze: (isFrozen) => void server.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    setReadOnly: (isReadOnly) => (isReadOnly ? client.replicaof('127.0.0.1', 1) : client.replicaof('NO', 'ONE')),
  }
}

/** Waits until an app is connected to Redis. Before that, it counts requests in memory. */
export async function untilConnected({ app }: Pick<TestApp, 'app'>): Promise<void> {
  const ping = async () => (await app.redis?.run((client) => client.ping())) === 'PONG'
  await until(ping, 'Redis responds')
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  await once(server.close(), 'close')
  return port
}
