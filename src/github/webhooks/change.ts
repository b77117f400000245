import type { RepositorySelection } from '../../database/generated/enums.js'
import type { AccountRename } from './account-renames.js'
import type { RepositoryMove } from './repo-moves.js'

/** The account of an installation, as far as GitHub describes it. */
export interface InstallationAccount {
  id: string
  login: string | null
  type: string | null
  avatarUrl: string | null
}

/** A repository that an installation can access. The name is canonical: `owner/repo`. */
export interface GrantedRepository {
  id: string
  fullName: string
}

/** A change of an installation, or of what is known about its account. */
export type InstallationChange = { installationId: number; account: InstallationAccount | null } & (
  | { type: 'deleted' }
  | { type: 'suspended'; suspendedAt: Date | null; updatedAt: Date | null }
  | { type: 'unsuspended'; updatedAt: Date | null }
  | { type: 'selection-changed'; selection: RepositorySelection; repositories: GrantedRepository[] }
)

/** A repository with another name or owner. The id is GitHub's; null if the delivery does not have it. */
export type RepositoryMoved = Omit<RepositoryMove, 'id'> & { id: string | null }

/** A change at GitHub. The ids of accounts and repositories are GitHub's; null if a delivery does not have them. */
export type WebhookChange =
  | InstallationChange
  | ({ installationId: number; type: 'account-renamed'; id: string | null } & Omit<AccountRename, 'id'>)
  | ({ installationId: number; type: 'repository-moved' } & RepositoryMoved)
