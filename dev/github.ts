import { findFreePort } from './port.js'

/** The GitHub App's installation on the demonstration user's account, and the repositories that it grants. */
const INSTALLATION = { installation_id: 456789, account: 'username', repository_selection: 'selected' }
const GRANTED = ['username/repository', 'username/private-repository']

/** Protects nothing: webhooks come from a developer's own machine. */
const WEBHOOK_SECRET = 'development-webhook-secret'

const REPOSITORIES = ['repository', 'private-repository', 'other-repository', 'other-private-repository']
const APP = { app_id: 1, slug: 'neptun', name: 'Neptun', permissions: { contents: 'read', metadata: 'read' } }
const SEED = {
  users: [{ login: 'username', name: 'Demonstration' }],
  repos: REPOSITORIES.map((name) => ({ owner: 'username', name, private: name.includes('private') })),
  // Without a private_key: the emulator generates one.
  apps: [{ ...APP, installations: [{ ...INSTALLATION, repositories: GRANTED }] }],
}

/**
 * Starts an emulated GitHub in this process, with a GitHub App that is installed on the account of the demonstration user.
 * @returns the environment in which the service uses that App
 */
export async function startGithub(say: (message: string) => void): Promise<NodeJS.ProcessEnv> {
  const { createEmulator } = await import('emulate') // Loaded only here: this takes 0.5 s.
  const port = await findFreePort()
  const upstream = `http://127.0.0.1:${port}`
  const emulator = await createEmulator({ service: 'github', port, baseUrl: upstream, seed: { github: SEED } })
  const key = emulator.generatedSecrets.find(({ kind }) => kind === 'github.app_private_key')
  const url = await startFront(upstream)
  say(`an emulated GitHub is listening on ${url}; its App is installed on the account ${INSTALLATION.account},`)
  say(`with access to ${GRANTED.join(', ')}, but not to username/other-repository`)
  say(`webhook secret: ${WEBHOOK_SECRET}`)
  const credentials = { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: key?.value, GITHUB_APP_PRIVATE_KEY_FILE: '' }
  return { ...credentials, GITHUB_API_URL: url, GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET, GITHUB_WEBHOOK_SECRET_FILE: '' }
}

/** Starts a proxy that adds `GET /installation/repositories`, which the emulator lacks. @returns its URL */
async function startFront(upstream: string): Promise<string> {
  const front = (await import('fastify')).fastify()
  await front.register(import('@fastify/http-proxy'), { upstream })
  front.get('/installation/repositories', async ({ headers: { authorization = '' } }) => {
    const urls = GRANTED.map((name) => `${upstream}/repos/${name}`)
    const get = (url: string) => fetch(url, { headers: { authorization } }).then((response) => response.json())
    const repositories = await Promise.all(urls.map(get))
    return { total_count: repositories.length, repositories }
  })
  return await front.listen({ host: '127.0.0.1', port: 0 })
}
