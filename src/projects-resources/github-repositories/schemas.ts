import { Type } from '@sinclair/typebox'
import { Id, MAX_ID } from '../../schemas.js'

/** Longer than any text that GitHub returns. */
const MAX_LENGTH = 65_535

/** Installations are read up to this many repositories, and in practice have far fewer. */
const MAX_REPOSITORIES = 100_000

const ShownText = (description?: string) =>
  Type.String({ maxLength: MAX_LENGTH, ...(description === undefined ? {} : { description }) })
const NullableString = (description?: string) =>
  Type.Unsafe<string | null>({ ...ShownText(description), type: ['string', 'null'] })
const NullableBoolean = () => Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] })
const NullableTime = () => Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', maxLength: 24 })

/** A repository as GitHub describes it. What GitHub does not say is null. */
const GithubRepository = Type.Object(
  {
    id: Type.Integer({
      format: 'int64',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "GitHub's own id of the repository.",
    }),
    name: ShownText(),
    full_name: ShownText('`owner/repo`: the source_path of an import of it.'),
    private: Type.Boolean(),
    html_url: ShownText(),
    description: NullableString(),
    fork: Type.Boolean(),
    archived: Type.Boolean(),
    is_template: NullableBoolean(),
    language: NullableString(),
    license: NullableString('SPDX id.'),
    size: Type.Integer({ format: 'int32', minimum: 0, maximum: MAX_ID, description: 'In kilobytes.' }),
    default_branch: ShownText(),
    visibility: NullableString('`public`, `private` or `internal`.'),
    created_at: NullableTime(),
    updated_at: NullableTime(),
    pushed_at: NullableTime(),
    github_account_id: ShownText("GitHub's id of the owner, as a string."),
    github_account_name: ShownText('The owner.'),
    installation_id: Id({ description: "GitHub's own id of the installation that sees it." }),
  },
  { title: 'GithubRepository' },
)

export const GithubRepositoriesBody = Type.Object(
  { repositories: Type.Array(GithubRepository, { maxItems: MAX_REPOSITORIES }) },
  { title: 'GithubRepositoriesBody' },
)
