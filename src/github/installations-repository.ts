import type { Database } from '../database/database.js'
import type { GithubInstallationModel, UserModel } from '../database/generated/models.js'
import type { Owner } from '../projects-resources/owner.js'

/** A GitHub installation that is linked to a project. */
export type LinkedInstallation = Pick<GithubInstallationModel, 'installation_id' | 'suspended_at'>

export type InstallationsRepository = ReturnType<typeof createInstallationsRepository>

/** Creates queries for a user's installations and GitHub account. Permission checks and repository lists use them. */
export function createInstallationsRepository({ prisma }: Pick<Database, 'prisma'>) {
  return {
    /** Returns GitHub's ids of the user's recorded installations that are not suspended. */
    async listActiveIds({ userId }: Owner): Promise<number[]> {
      const where = { neptun_user_id: userId, suspended_at: null }
      const rows = await prisma.githubInstallation.findMany({ where, select: { installation_id: true } })
      return rows.map(({ installation_id }) => installation_id)
    },

    /** Lists the installations that are linked to the project, ordered by GitHub's id. */
    async listLinked({ userId, projectId }: Owner): Promise<LinkedInstallation[]> {
      return await prisma.githubInstallation.findMany({
        where: { neptun_user_id: userId, projects: { some: { project_id: projectId } } },
        select: { installation_id: true, suspended_at: true },
        orderBy: [{ installation_id: 'asc' }, { id: 'asc' }],
      })
    },

    /** Finds the user's own GitHub account, which the service that signs users in has recorded. */
    async findAccount({ userId }: Owner): Promise<Pick<UserModel, 'github_account_id' | 'github_account_name'> | null> {
      return await prisma.user.findUnique({
        where: { id: userId },
        select: { github_account_id: true, github_account_name: true },
      })
    },
  }
}
