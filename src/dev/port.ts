import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from './start-error.js'

/** How long a port may go on being in use: the service of a start that was killed a moment ago is about to end. */
const PATIENCE = 800

/**
 * Makes sure that the service will be able to listen.
 *
 * @param hostOrigin where HOST is set; some shells set it, so that it may not be meant for this service
 * @throws StartError that names the variable to change
 */
export async function checkPort(host: string, port: number, hostOrigin?: string): Promise<void> {
  const deadline = Date.now() + PATIENCE
  for (;;) {
    const failure = await listenOnce(host, port).then(
      () => undefined,
      ({ code, message }) => code ?? message,
    )
    if (failure === undefined) return
    if (failure !== 'EADDRINUSE') {
      const origin = hostOrigin ? `: HOST is set in ${hostOrigin}; some shells set it, conda for example` : ''
      throw new StartError(`HOST, PORT: cannot listen on ${host}:${port} (${failure})${origin}`)
    }
    if (Date.now() > deadline) {
      throw new StartError(`PORT: something else listens on ${host}:${port} already; set PORT to another`)
    }
    await sleep(50)
  }
}

/** A port of 127.0.0.1 that is free at this moment. */
export async function findFreePort(): Promise<number> {
  return await listenOnce('127.0.0.1', 0)
}

async function listenOnce(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port })
  await once(server, 'listening')
  const { port: found } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return found
}
