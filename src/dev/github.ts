import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createEmulator } from 'emulate'
import { findFreePort } from './port.js'

/** A GitHub that runs in this process and ends with it. */
export interface EmulatedGithub {
  /** What the service is to find in its environment: a GitHub App of this GitHub. */
  env: NodeJS.ProcessEnv
  /** What there is to try, in a few lines. */
  description: string
}

const APP_ID = 1

/** Nobody but a person at this machine sends webhooks here. */
const WEBHOOK_SECRET = 'development-webhook-secret'

/** The installation that the demonstration user has recorded, and which repositories it grants. */
const INSTALLATION = { installation_id: 456789, account: 'username', repository_selection: 'selected' }
const GRANTED = ['repository', 'private-repository']

const SEED = {
  users: [{ login: 'username', name: 'Demonstration' }],
  repos: [
    { owner: 'username', name: 'repository', description: 'Granted to the App', language: 'TypeScript' },
    { owner: 'username', name: 'private-repository', description: 'Granted too', language: 'Python', private: true },
    { owner: 'username', name: 'other-repository', description: 'Public, and not granted', language: 'Go' },
    { owner: 'username', name: 'other-private-repository', description: 'Not granted either', private: true },
  ],
  apps: [
    {
      app_id: APP_ID,
      slug: 'neptun',
      name: 'Neptun',
      permissions: { contents: 'read', metadata: 'read' },
      // Without a private_key: the emulator makes one.
      installations: [{ ...INSTALLATION, repositories: GRANTED.map((name) => `username/${name}`) }],
    },
  ],
}

/** Starts an emulated GitHub with an App that is installed on the demonstration user's account. */
export async function startGithub(): Promise<EmulatedGithub> {
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const emulator = await createEmulator({ service: 'github', port, baseUrl: origin, seed: { github: SEED } })
  const key = emulator.generatedSecrets.find(({ kind }) => kind === 'github.app_private_key')
  if (!key) throw new Error('the GitHub emulator made no private key')
  const url = await startFront(origin)
  return {
    env: {
      GITHUB_APP_ID: String(APP_ID),
      GITHUB_APP_PRIVATE_KEY: key.value,
      GITHUB_APP_PRIVATE_KEY_FILE: '',
      GITHUB_API_URL: url,
      GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
      GITHUB_WEBHOOK_SECRET_FILE: '',
    },
    description: [
      `An emulated GitHub answers on ${url}. Its App is installed on the account username (${INSTALLATION.installation_id}):`,
      `granted: ${GRANTED.map((name) => `username/${name}`).join(', ')}; not granted: username/other-repository`,
      `webhook secret: ${WEBHOOK_SECRET}`,
    ].join('\n'),
  }
}

interface Answer {
  status: number
  body: Buffer
}

/** What the emulator lacks is answered in front of it; it gets everything else. */
async function startFront(origin: string): Promise<string> {
  /** Which repositories each token grants. */
  const grants = new Map<string, string[]>()

  async function pass({ method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const { authorization = '', 'content-type': type = 'application/json' } = headers
    const init = { method, headers: { authorization, 'content-type': type }, redirect: 'manual' } as const
    const response = await fetch(origin + url, method === 'GET' || method === 'HEAD' ? init : { ...init, body })
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
  }

  async function list({ url = '/', headers: { authorization = '' } }: IncomingMessage): Promise<Answer> {
    const names = grants.get(authorization.replace(/^\S+ /, ''))
    if (!names) return { status: 401, body: Buffer.from('{"message":"Bad credentials"}') }
    const { searchParams } = new URL(url, origin)
    const size = Number(searchParams.get('per_page') ?? 30)
    const start = (Number(searchParams.get('page') ?? 1) - 1) * size
    const repositories = await Promise.all(
      names.slice(start, start + size).map(async (name) => {
        const response = await fetch(`${origin}/repos/${name}`, { headers: { authorization } })
        return await response.json()
      }),
    )
    return { status: 200, body: Buffer.from(JSON.stringify({ total_count: names.length, repositories })) }
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const body = await buffer(request)
    if (request.method === 'GET' && request.url?.startsWith('/installation/repositories')) return await list(request)
    const passed = await pass(request, body)
    if (passed.status === 201 && request.url?.endsWith('/access_tokens')) {
      const { token, repositories = [] } = JSON.parse(passed.body.toString())
      grants.set(
        token,
        repositories.map(({ full_name }: { full_name: string }) => full_name),
      )
    }
    return passed
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (given) => send(request, response, given),
      () => response.writeHead(502).end(),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers as GitHub does: with an ETag, and without a body where the caller has it already. */
function send(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
  const etag = `"${createHash('sha256').update(body).digest('hex')}"`
  if (request.method === 'GET' && status === 200 && request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end()
  } else {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', etag }).end(body)
  }
}
