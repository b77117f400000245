import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { StartError } from '../src/start-error.js'

/** Checks that the service can listen. */
export async function checkPort(host: string, port: number): Promise<void> {
  await findFreePort(host, port).catch(({ code }) => {
    if (code === 'EADDRINUSE') throw new StartError(`PORT: ${host}:${port} is in use; set PORT to another port`)
    throw new StartError(`HOST, PORT: cannot listen on ${host}:${port} (${code})`)
  })
}

/** Returns a port that is free at this moment. */
export async function findFreePort(host = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer().listen({ host, port })
  await once(server, 'listening')
  const { port: found } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return found
}
