import { Type } from '@sinclair/typebox'
import { Id } from '../../schemas.js'

const NullableString = (description?: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...(description === undefined ? {} : { description }) })
const NullableBoolean = () => Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] })
const NullableTime = () => Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' })

/** A repository as GitHub describes it. What GitHub does not say is null. */
const GithubRepository = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: "GitHub's own id of the repository." }),
    name: Type.String(),
    full_name: Type.String({ description: '`owner/repo`: the source_path of an import of it.' }),
    private: Type.Boolean(),
    html_url: Type.String(),
    description: NullableString(),
    fork: Type.Boolean(),
    archived: Type.Boolean(),
    is_template: NullableBoolean(),
    language: NullableString(),
    license: NullableString('SPDX id.'),
    size: Type.Integer({ description: 'In kilobytes.' }),
    default_branch: Type.String(),
    visibility: NullableString('`public`, `private` or `internal`.'),
    created_at: NullableTime(),
    updated_at: NullableTime(),
    pushed_at: NullableTime(),
    github_account_id: Type.String({ description: "GitHub's id of the owner, as a string." }),
    github_account_name: Type.String({ description: 'The owner.' }),
    installation_id: Id({ description: "GitHub's own id of the installation that sees it." }),
  },
  { title: 'GithubRepository' },
)

export const GithubRepositoriesBody = Type.Object(
  { repositories: Type.Array(GithubRepository) },
  { title: 'GithubRepositoriesBody' },
)
