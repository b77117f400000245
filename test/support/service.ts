import { createServer } from 'node:http'
import type { Test } from 'tap'
import type { Config } from '../../src/config.js'
import { type AppResponse, type StartOptions, startApp, type TestApp } from './app.js'

export const SERVICE_TOKEN = 'the-token-of-the-sign-in-service-0123456789'
export const OTHER_SERVICE_TOKEN = 'the-next-token-of-the-service-0123456789'

export interface TestService extends TestApp {
  /** Calls the internal API, below `/internal/v1`, with SERVICE_TOKEN. */
  api: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<AppResponse>
}

/** Starts the service with the internal API enabled. */
export async function startService(
  t: Test,
  settings: Partial<Record<keyof Config, string>> = {},
  options: StartOptions = {},
): Promise<TestService> {
  const service = await startApp(t, { SERVICE_TOKENS: SERVICE_TOKEN, ...settings }, options)
  return {
    ...service,
    api: (method, path, body, headers) =>
      service.call(method, `/internal/v1${path}`, {
        token: null,
        body,
        headers: { authorization: `Bearer ${SERVICE_TOKEN}`, ...headers },
      }),
  }
}

/** Finds a free port. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}
