import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../src/start-error.js'

/** How long to wait for a port in use, in milliseconds: the service of an earlier start may be shutting down. */
const PORT_TIMEOUT = 2000

/** Waits until the service can listen. @returns `port`, or a free port if it is 0 */
export async function waitForPort(host: string, port: number): Promise<number> {
  for (const start = Date.now(); ; await sleep(50)) {
    const found = await findFreePort(host, port).catch(({ code }) => `${code}`)
    if (typeof found === 'number') return found
    if (found !== 'EADDRINUSE') throw new StartError(`HOST, PORT: cannot listen on ${host}:${port} (${found})`)
    if (Date.now() - start > PORT_TIMEOUT)
      throw new StartError(`PORT: ${host}:${port} is in use; set PORT to another port`)
  }
}

/** Returns a port that is free at this moment. */
export async function findFreePort(host = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer().listen({ host, port })
  await once(server, 'listening')
  const { port: found } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return found
}
