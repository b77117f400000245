import { drawImportCall } from './draw-imports.js'
import { drawResourceCall } from './draw-resources.js'
import type { Call, User } from './model.js'

/**
 * Draws a call of a user on one of their projects. It is valid, except that a source_path may be invalid. Its object may
 * not exist.
 */
export function drawCall(user: User): Call {
  const { random } = user
  const project = random.pick([...user.model.projects.values()])
  const { token } = random.pick(user.sessions.slice(0, 4).filter(({ state }) => state === 'valid'))
  const base = {
    userId: user.id,
    projectId: project.id,
    query: '',
    headers: { cookie: `neptun-session=${token}` },
    sessionOf: user,
  }
  if (random.chance(1))
    return { ...base, operation: 'listGithubRepositories', method: 'GET', slug: 'github-repositories' }
  return random.chance(55) ? drawImportCall(user, project, base) : drawResourceCall(user, project, base)
}
