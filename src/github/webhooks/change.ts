import type { RepositorySelection } from '../../database/generated/enums.js'
import type { AccountRename } from './account-renames.js'
import type { RepoMove } from './repo-moves.js'

/** The account of an installation. Values that GitHub did not send are null. */
export interface InstallationAccount {
  id: string
  login: string | null
  type: string | null
  avatarUrl: string | null
}

/** A repository that an installation can access. `fullName` is `owner/repo`. */
export interface GrantedRepo {
  id: string
  fullName: string
}

/** A change of an installation. The account is null if the delivery does not describe it. */
export type InstallationChange = { installationId: number; account: InstallationAccount | null } & (
  | { type: 'deleted' }
  | { type: 'suspended'; suspendedAt: Date | null; updatedAt: Date | null }
  | { type: 'unsuspended'; updatedAt: Date | null }
  | { type: 'selection-changed'; selection: RepositorySelection; repositories: GrantedRepo[] }
)

/** A repository with a new name or owner. The id is GitHub's; null if the delivery does not contain it. */
export type RepoMoved = Omit<RepoMove, 'id'> & { id: string | null }

/** A change at GitHub. Ids of accounts and repositories are GitHub's; null if the delivery does not contain them. */
export type WebhookChange =
  | InstallationChange
  | ({ installationId: number; type: 'account-renamed'; id: string | null } & Omit<AccountRename, 'id'>)
  | ({ installationId: number; type: 'repository-moved' } & RepoMoved)
