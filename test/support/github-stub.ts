import { generateKeyPairSync } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Test } from 'tap'

/** A repository, which tests rename by changing `full_name`. */
export interface StubRepository {
  id: number
  full_name: string
  private: boolean
  /** Id of the installation with access to the repository. */
  installation: number | null
}

export interface StubInstallation {
  id: number
  suspended_at: string | null
  repository_selection: 'all' | 'selected'
  account: { login: string; id: number; type: string; avatar_url: string } | null
}

/** A call of the API: find the installation of a repository, create a token, read a repository, read an installation. */
export type ApiCall = 'find' | 'mint' | 'read' | 'installation'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** A stub of the GitHub API. Tests can change its state and its handlers. It does not verify signatures. */
export interface GithubStub {
  url: string
  repositories: StubRepository[]
  installations: StubInstallation[]
  /** Ids of repositories by former name, in lower case. Like GitHub, the stub redirects former names to the id. */
  formerNames: Map<string, number>
  /** Tokens created so far, each with its installation and the ids of the repositories that it is limited to. */
  tokens: Map<string, { installation: number; repositories: number[] }>
  /** Handlers that replace the default ones. */
  handlers: Partial<Record<ApiCall, Handler>>
  /** Calls since the last `takeCalls()`, in order. */
  calls: ApiCall[]
  /** Returns the calls since the last `takeCalls()`. */
  takeCalls: () => ApiCall[]
  requests: { method: string; url: string; authorization: string; body: unknown }[]
}

/** Private key of the GitHub App, generated once per process. */
export const privateKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey

/** Returns the settings that make the service use a GitHub App, with the REST API at `url`. */
export const appSettings = (url: string) => ({
  GITHUB_APP_ID: '1234',
  GITHUB_APP_PRIVATE_KEY: privateKey,
  GITHUB_API_URL: url,
})

const NOT_FOUND = { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' }

const SUSPENDED = { message: 'This installation has been suspended' }

/** The initial installation. */
export const INSTALLATION: StubInstallation = {
  id: 456789,
  suspended_at: null,
  repository_selection: 'selected',
  account: { login: 'username', id: 77, type: 'User', avatar_url: 'https://avatars.example.com/u/77' },
}

/** Starts a stub of GitHub whose App is installed on the account `username`, with access to the private `username/repository`. */
export async function startGithubStub(t: Test): Promise<GithubStub> {
  const server = Fastify({ forceCloseConnections: true })
  const stub: GithubStub = {
    url: '',
    repositories: [{ id: 500, full_name: 'username/repository', private: true, installation: 456789 }],
    installations: [{ ...INSTALLATION }],
    formerNames: new Map(),
    tokens: new Map(),
    handlers: {},
    calls: [],
    takeCalls: () => stub.calls.splice(0),
    requests: [],
  }
  addRoutes(server, stub)
  stub.url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  return stub
}

function addRoutes(server: FastifyInstance, stub: GithubStub) {
  const route = (method: 'GET' | 'POST', url: string, call: ApiCall, handler: Handler) =>
    server.route({
      method,
      url,
      handler: async (request, reply) => {
        const { authorization = '' } = request.headers
        stub.calls.push(call)
        stub.requests.push({ method, url: request.url, authorization, body: request.body })
        return await (stub.handlers[call] ?? handler)(request, reply)
      },
    })
  route('GET', '/repos/:owner/:repo/installation', 'find', forRepository(stub, '/installation', find))
  route('GET', '/repositories/:id/installation', 'find', forRepository(stub, '/installation', find))
  route('GET', '/repos/:owner/:repo', 'read', forRepository(stub, '', read))
  route('GET', '/repositories/:id', 'read', forRepository(stub, '', read))
  route('POST', '/app/installations/:id/access_tokens', 'mint', mint(stub))
  route('GET', '/app/installations/:id', 'installation', (request, reply) => {
    const found = stub.installations.find(({ id }) => String(id) === paramsOf(request))
    return found ?? reply.code(404).send(NOT_FOUND)
  })
}

const paramsOf = ({ params }: FastifyRequest) => Object.values(params as Record<string, string>).join('/')

type RepositoryHandler = (stub: GithubStub, repository: StubRepository, ...rest: Parameters<Handler>) => unknown

/** Finds the repository by name in any letter case, or by id. Redirects a former name. */
function forRepository(stub: GithubStub, suffix: string, handler: RepositoryHandler): Handler {
  return (request, reply) => {
    const name = paramsOf(request).toLowerCase()
    const found = stub.repositories.find((one) => [one.full_name.toLowerCase(), String(one.id)].includes(name))
    if (found) return handler(stub, found, request, reply)
    const id = stub.formerNames.get(name)
    return id ? redirect(reply, `${stub.url}/repositories/${id}${suffix}`) : reply.code(404).send(NOT_FOUND)
  }
}

const find: RepositoryHandler = (stub, repository, _, reply) =>
  stub.installations.find(({ id }) => id === repository.installation) ?? reply.code(404).send(NOT_FOUND)

/** Returns a public repository to any token, like GitHub. */
const read: RepositoryHandler = (stub, repository, request, reply) => {
  const token = stub.tokens.get(request.headers.authorization?.replace('Bearer ', '') ?? '')
  if (!token) return reply.code(401).send({ message: 'Bad credentials' })
  const installation = stub.installations.find(({ id }) => id === token.installation)
  if (installation?.suspended_at) return reply.code(403).send(SUSPENDED)
  const isGranted = repository.installation === token.installation && token.repositories.includes(repository.id)
  return isGranted || !repository.private ? repository : reply.code(404).send(NOT_FOUND)
}

function mint(stub: GithubStub): Handler {
  return (request, reply) => {
    const id = Number((request.params as { id: string }).id)
    const { repositories = [], repository_ids = [] } = request.body as Record<string, (string | number)[]>
    const installation = stub.installations.find((one) => one.id === id)
    if (!installation) return reply.code(404).send(NOT_FOUND)
    if (installation.suspended_at) return reply.code(403).send(SUSPENDED)
    const requested = [...repositories, ...repository_ids].map((name) => String(name).toLowerCase())
    const granted = stub.repositories.filter(({ installation, id: repositoryId, full_name }) => {
      const names = [String(repositoryId), full_name.toLowerCase().split('/')[1]]
      return installation === id && requested.some((name) => names.includes(name))
    })
    if (granted.length < requested.length) return reply.code(422).send({ message: 'not accessible' })
    const token = `ghs_secret${stub.tokens.size}`
    stub.tokens.set(token, { installation: id, repositories: granted.map((one) => one.id) })
    return reply.code(201).send({ token, expires_at: new Date(Date.now() + 3_600_000).toISOString() })
  }
}

export const redirect = (reply: FastifyReply, location: string, status = 301) =>
  reply.code(status).header('location', location).send({ message: 'Moved Permanently', url: location })
