import type { Database } from '../database/database.js'
import type { GithubInstallationModel, UserModel } from '../database/generated/models.js'
import type { Owner } from '../projects-resources/owner.js'

/** A GitHub installation that a project links. */
export type LinkedInstallation = Pick<GithubInstallationModel, 'installation_id' | 'suspended_at'>

export type InstallationsRepository = ReturnType<typeof createInstallationsRepository>

/** Data access for what the permission check needs to know about a user. */
export function createInstallationsRepository({ prisma }: Pick<Database, 'prisma'>) {
  return {
    /** Lists GitHub's ids of the user's recorded installations, except suspended ones. */
    async listActiveIds({ userId }: Owner): Promise<number[]> {
      const where = { neptun_user_id: userId, suspended_at: null }
      const rows = await prisma.githubInstallation.findMany({ where, select: { installation_id: true } })
      return rows.map(({ installation_id }) => installation_id)
    },

    /** Lists the installations that the project links, by GitHub's id. */
    async listLinked({ userId, projectId }: Owner): Promise<LinkedInstallation[]> {
      return await prisma.githubInstallation.findMany({
        where: { neptun_user_id: userId, projects: { some: { project_id: projectId } } },
        select: { installation_id: true, suspended_at: true },
        orderBy: [{ installation_id: 'asc' }, { id: 'asc' }],
      })
    },

    /** Finds the user's own GitHub account, as the component that signs users in recorded it. */
    async findAccount({ userId }: Owner): Promise<Pick<UserModel, 'github_account_id' | 'github_account_name'> | null> {
      return await prisma.user.findUnique({
        where: { id: userId },
        select: { github_account_id: true, github_account_name: true },
      })
    },
  }
}
