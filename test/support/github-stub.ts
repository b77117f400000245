import { generateKeyPairSync } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Test } from 'tap'

/** A repository of the stub: by its id, so that it can be renamed. */
export interface StubRepository {
  id: number
  full_name: string
  private: boolean
  /** The installation that grants it, if any. */
  installation: number | null
}

export interface StubInstallation {
  id: number
  suspended_at: string | null
  repository_selection: 'all' | 'selected'
  account: { login: string; id: number; type: string; avatar_url: string } | null
}

/** What is asked: for a repository's installation, a token, a repository, an installation. */
export type Question = 'find' | 'mint' | 'read' | 'installation'

type Answer = (request: FastifyRequest, reply: FastifyReply) => unknown

/** A GitHub that does what a test tells it, and does not look at signatures. */
export interface GithubStub {
  url: string
  repositories: StubRepository[]
  installations: StubInstallation[]
  /** Names that repositories had: GitHub answers to those with a redirect to the repository's id. */
  formerNames: Map<string, number>
  /** Tokens that it gave: of which installation, and limited to which repositories. */
  tokens: Map<string, { installation: number; repositories: number[] }>
  /** Answers that take the place of the usual ones. */
  instead: Partial<Record<Question, Answer>>
  /** What was asked so far, in order. */
  asked: Question[]
  /** Forgets what was asked, and returns it. */
  count: () => Question[]
  requests: { method: string; url: string; authorization: string; body: unknown }[]
}

/** Settings of the service that make it an App of a GitHub. A key that nobody else has, made once a file of tests. */
export const privateKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey

export const appSettings = (url: string) => ({
  GITHUB_APP_ID: '1234',
  GITHUB_APP_PRIVATE_KEY: privateKey,
  GITHUB_API_URL: url,
})

const NOT_FOUND = { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' }

const SUSPENDED = { message: 'This installation has been suspended' }

/** The installation that the stub has. */
export const INSTALLATION: StubInstallation = {
  id: 456789,
  suspended_at: null,
  repository_selection: 'selected',
  account: { login: 'username', id: 77, type: 'User', avatar_url: 'https://avatars.example.com/u/77' },
}

/** Starts a GitHub with an App that is installed on `username` and granted `username/repository`, which is private. */
export async function startGithubStub(t: Test): Promise<GithubStub> {
  const server = Fastify({ forceCloseConnections: true })
  const stub: GithubStub = {
    url: '',
    repositories: [{ id: 500, full_name: 'username/repository', private: true, installation: 456789 }],
    installations: [{ ...INSTALLATION }],
    formerNames: new Map(),
    tokens: new Map(),
    instead: {},
    asked: [],
    count: () => stub.asked.splice(0),
    requests: [],
  }
  addRoutes(server, stub)
  stub.url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  return stub
}

function addRoutes(server: FastifyInstance, stub: GithubStub) {
  const route = (method: 'GET' | 'POST', url: string, question: Question, usual: Answer) =>
    server.route({
      method,
      url,
      handler: async (request, reply) => {
        const { authorization = '' } = request.headers
        stub.asked.push(question)
        stub.requests.push({ method, url: request.url, authorization, body: request.body })
        return await (stub.instead[question] ?? usual)(request, reply)
      },
    })
  route('GET', '/repos/:owner/:repo/installation', 'find', ofRepository(stub, '/installation', find))
  route('GET', '/repositories/:id/installation', 'find', ofRepository(stub, '/installation', find))
  route('GET', '/repos/:owner/:repo', 'read', ofRepository(stub, '', read))
  route('GET', '/repositories/:id', 'read', ofRepository(stub, '', read))
  route('POST', '/app/installations/:id/access_tokens', 'mint', mint(stub))
  route('GET', '/app/installations/:id', 'installation', (request, reply) => {
    const found = stub.installations.find(({ id }) => String(id) === paramsOf(request))
    return found ?? reply.code(404).send(NOT_FOUND)
  })
}

const paramsOf = ({ params }: FastifyRequest) => Object.values(params as Record<string, string>).join('/')

type RepositoryAnswer = (stub: GithubStub, repository: StubRepository, ...rest: Parameters<Answer>) => unknown

/** By its name in any letter case, by its id, or by a name that it had. */
function ofRepository(stub: GithubStub, suffix: string, answer: RepositoryAnswer): Answer {
  return (request, reply) => {
    const name = paramsOf(request).toLowerCase()
    const found = stub.repositories.find((one) => [one.full_name.toLowerCase(), String(one.id)].includes(name))
    if (found) return answer(stub, found, request, reply)
    const id = stub.formerNames.get(name)
    return id ? redirect(reply, `${stub.url}/repositories/${id}${suffix}`) : reply.code(404).send(NOT_FOUND)
  }
}

const find: RepositoryAnswer = (stub, repository, _, reply) =>
  stub.installations.find(({ id }) => id === repository.installation) ?? reply.code(404).send(NOT_FOUND)

/** A public repository is read by every token. */
const read: RepositoryAnswer = (stub, repository, request, reply) => {
  const token = stub.tokens.get(request.headers.authorization?.replace('Bearer ', '') ?? '')
  if (!token) return reply.code(401).send({ message: 'Bad credentials' })
  const installation = stub.installations.find(({ id }) => id === token.installation)
  if (installation?.suspended_at) return reply.code(403).send(SUSPENDED)
  const isGranted = repository.installation === token.installation && token.repositories.includes(repository.id)
  return isGranted || !repository.private ? repository : reply.code(404).send(NOT_FOUND)
}

function mint(stub: GithubStub): Answer {
  return (request, reply) => {
    const id = Number((request.params as { id: string }).id)
    const { repositories = [], repository_ids = [] } = request.body as Record<string, (string | number)[]>
    const installation = stub.installations.find((one) => one.id === id)
    if (!installation) return reply.code(404).send(NOT_FOUND)
    if (installation.suspended_at) return reply.code(403).send(SUSPENDED)
    const asked = [...repositories, ...repository_ids].map((name) => String(name).toLowerCase())
    const granted = stub.repositories.filter(({ installation, id: own, full_name }) => {
      const names = [String(own), full_name.toLowerCase().split('/')[1]]
      return installation === id && asked.some((name) => names.includes(name))
    })
    if (granted.length < asked.length) return reply.code(422).send({ message: 'not accessible' })
    const token = `ghs_secret${stub.tokens.size}`
    stub.tokens.set(token, { installation: id, repositories: granted.map((one) => one.id) })
    return reply.code(201).send({ token, expires_at: new Date(Date.now() + 3_600_000).toISOString() })
  }
}

export const redirect = (reply: FastifyReply, location: string, status = 301) =>
  reply.code(status).header('location', location).send({ message: 'Moved Permanently', url: location })
