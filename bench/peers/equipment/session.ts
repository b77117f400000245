import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { HttpError } from './errors.js'

/** Whose session it is, and the project in the path if that user owns it. */
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
  /** @returns undefined if there is no such session, or it has expired or was revoked */
  findSession(tokenHash: Buffer, projectId: number): Promise<Session | undefined>
}

export const SESSION_COOKIE = 'neptun-session'

const MAX_ID = 2_147_483_647

/** Looks up the session before anything is parsed, and lets only the owner of the project in the path through. */
export async function sessionCheck(app: FastifyInstance, { findSession }: SessionCheckOptions) {
  app.decorateRequest('session', undefined)

  app.addHook('onRequest', async (request) => {
    const token = request.cookies[SESSION_COOKIE]
    const { project_id } = request.params as { project_id: string }
    if (token) request.session = await findSession(hash('sha256', token, 'buffer'), readId(project_id))
    if (!request.session) throw new HttpError(401, 'UNAUTHORIZED', 'Unauthorized')
  })

  // After validation, so that an invalid path is a 400.
  app.addHook('preHandler', ({ params, session }, _reply, done) => {
    const { user_id } = params as { user_id: number }
    if (session?.userId !== user_id) return done(new HttpError(403, 'USER_MISMATCH', 'Forbidden'))
    done(session.projectId === null ? new HttpError(404, 'PROJECT_NOT_FOUND', 'Project not found') : undefined)
  })
}

/** Returns the owner that the session check has confirmed. */
export function ownerOf({ session }: { session: Session | undefined }): Owner {
  if (!session || session.projectId === null) throw new Error('This request has not been authorized')
  return { userId: session.userId, projectId: session.projectId }
}

/** Reads an id in a path that has not been validated; anything else is 0, which no row has. */
function readId(text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
  return id <= MAX_ID ? id : 0
}
