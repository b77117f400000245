import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { HttpError } from './errors.js'

/** The user of a session, and the project in the path if that user owns it. */
export interface Session {
  userId: number
  projectId: number | null
}

/** The user and the project that a request was authorized for. */
export interface Owner {
  userId: number
  projectId: number
}

declare module 'fastify' {
  interface FastifyRequest {
    session: Session | undefined
  }
}

export interface SessionCheckOptions {
  /** @returns undefined if the session does not exist, has expired or was revoked */
  findSession(tokenHash: Buffer, projectId: number): Promise<Session | undefined>
}

export const SESSION_COOKIE = 'neptun-session'

const MAX_ID = 2_147_483_647

/** Authenticates each request before its body is parsed, and authorizes only the owner of the project in the path. */
export async function sessionCheck(app: FastifyInstance, { findSession }: SessionCheckOptions) {
  app.decorateRequest('session', undefined)

  app.addHook('onRequest', async (request) => {
    const token = request.cookies[SESSION_COOKIE]
    const { project_id } = request.params as { project_id: string }
    if (token) request.session = await findSession(hash('sha256', token, 'buffer'), readId(project_id))
    if (!request.session) throw new HttpError(401, 'UNAUTHORIZED', 'Unauthorized')
  })

  // After validation, so that an invalid path returns 400.
  app.addHook('preHandler', ({ params, session }, _reply, done) => {
    const { user_id } = params as { user_id: number }
    if (session?.userId !== user_id) return done(new HttpError(403, 'USER_MISMATCH', 'Forbidden'))
    done(session.projectId === null ? new HttpError(404, 'PROJECT_NOT_FOUND', 'Project not found') : undefined)
  })
}

/** Returns the owner for whom the session check has authorized a request. */
export function ownerOf({ session }: { session: Session | undefined }): Owner {
  if (!session || session.projectId === null) throw new Error('This request has not been authorized')
  return { userId: session.userId, projectId: session.projectId }
}

/** Parses an id in a path before validation. @returns 0 if it is invalid: no row has the id 0 */
function readId(text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
  return id <= MAX_ID ? id : 0
}
