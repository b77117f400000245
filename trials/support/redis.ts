import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { findFreePort } from '../../dev/port.js'

/** The reason why trials with Redis cannot run; undefined if they can. */
export const NO_REDIS =
  spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'redis-server is not installed'

/** Starts a Redis that can be frozen with SIGSTOP. */
export async function startRedis() {
  const port = await findFreePort()
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] })
  let log = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    log += chunk
    if (log.includes('Ready to accept connections')) break
  }
  server.stdout.resume()
  return {
    url: `redis://127.0.0.1:${port}/0`,
    freeze: (isFrozen: boolean) => void server.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    stop: async () => {
      const exited = once(server, 'exit')
      server.kill('SIGKILL')
      await exited
    },
  }
}
