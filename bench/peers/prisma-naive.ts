// The obvious way to use Prisma: its model API with default settings and sequential queries. No log, rate limits or
// validation.
import { createHash } from 'node:crypto'
import cookie from '@fastify/cookie'
import { PrismaPg } from '@prisma/adapter-pg'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { PrismaClient } from '../../src/database/generated/client.js'
import type { SourceType } from '../../src/database/generated/enums.js'
import { openPool } from './pool.js'
import { serve } from './serve.js'

const prisma = new PrismaClient({
  adapter: new PrismaPg(openPool()),
  // Columns that no response contains.
  omit: { import: { github_repository_id: true, github_account_id: true } },
})

const IMPORTS = '/api/users/:user_id/projects/:project_id/resources/imports'
const USER_FILES = '/api/users/:user_id/projects/:project_id/resources/user-files'

type Request = FastifyRequest<{
  Params: { user_id: string; project_id: string }
  Body: { source_type: SourceType; source_path: string; title?: string; description?: string }
}>

const app = Fastify()
await app.register(cookie)

app.get(IMPORTS, async (request: Request, reply) => {
  const project = await findProject(request, reply)
  if (!project) return reply
  const found = await prisma.import.findMany({
    where: { project_id: project.id },
    orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
  })
  const accounts = await findAccounts(project.neptun_user_id)
  const imports = found.filter((one) => one.source_type !== 'github' || accounts.has(ownerOf(one.source_path)))
  if (imports.length < found.length) reply.header('x-imports-withheld', found.length - imports.length)
  return { imports }
})

app.get(USER_FILES, async (request: Request, reply) => {
  const project = await findProject(request, reply)
  if (!project) return reply
  const links = await prisma.projectUserFile.findMany({
    where: { project_id: project.id },
    orderBy: { id: 'desc' },
    include: { user_file: true },
  })
  return links.map(({ user_file }) => user_file)
})

app.post(IMPORTS, async (request: Request, reply) => {
  const project = await findProject(request, reply)
  if (!project) return reply
  const { source_type, source_path, title, description } = request.body
  if (source_type === 'github') {
    const accounts = await findAccounts(project.neptun_user_id)
    if (!accounts.has(ownerOf(source_path))) {
      return refuse(reply, 403, 'GITHUB_ACCESS_DENIED', 'No access to this GitHub repository')
    }
  }
  const now = new Date()
  const created = await prisma.import.create({
    data: {
      source_type,
      source_path,
      title: title ?? null,
      description: description ?? null,
      created_at: now,
      updated_at: now,
      neptun_user_id: project.neptun_user_id,
      project_id: project.id,
    },
  })
  return reply.code(201).send({ import: created })
})

await serve(app)

async function findProject(request: Request, reply: FastifyReply) {
  const token = request.cookies['neptun-session'] ?? ''
  const session = await prisma.session.findUnique({
    where: {
      token_hash: createHash('sha256').update(token).digest(),
      revoked_at: null,
      expires_at: { gt: new Date() },
    },
  })
  if (!session) return void refuse(reply, 401, 'UNAUTHORIZED', 'Unauthorized')
  const { neptun_user_id } = session
  if (neptun_user_id !== Number(request.params.user_id)) return void refuse(reply, 403, 'USER_MISMATCH', 'Forbidden')
  const project = await prisma.project.findFirst({ where: { id: Number(request.params.project_id), neptun_user_id } })
  if (!project) return void refuse(reply, 404, 'PROJECT_NOT_FOUND', 'Project not found')
  return project
}

async function findAccounts(neptun_user_id: number): Promise<Set<string>> {
  const installations = await prisma.githubInstallation.findMany({ where: { neptun_user_id, suspended_at: null } })
  return new Set(installations.map(({ account_name }) => account_name.toLowerCase()))
}

function ownerOf(path: string): string {
  return path.slice(0, path.indexOf('/')).toLowerCase()
}

function refuse(reply: FastifyReply, statusCode: number, code: string, message: string) {
  return reply.code(statusCode).send({ statusCode, code, message })
}
