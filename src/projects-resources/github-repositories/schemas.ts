import { Type } from '@sinclair/typebox'

/** Maximum length of a text in the response, in characters. No text from GitHub is longer. */
const MAX_LENGTH = 65_535

/** Maximum length of the list, for the OpenAPI document. */
const MAX_REPOSITORIES = 100_000

const ShownText = (description?: string) =>
  Type.String({ maxLength: MAX_LENGTH, ...(description === undefined ? {} : { description }) })
const NullableString = (description?: string) =>
  Type.Unsafe<string | null>({ ...ShownText(description), type: ['string', 'null'] })
const ShownTime = () => Type.String({ format: 'date-time', maxLength: 24 })
const GithubId = (of: string) => Type.String({ maxLength: 20, description: `GitHub's id of ${of}, as a string.` })
const Count = (description?: string) =>
  Type.Integer({
    format: 'int64',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    ...(description === undefined ? {} : { description }),
  })

/** A repository, with the values from GitHub's response. */
const GithubRepository = Type.Object(
  {
    id: GithubId('the repository'),
    name: ShownText(),
    full_name: ShownText('`owner/repo`: the `source_path` for an import of this repository.'),
    private: Type.Boolean(),
    html_url: ShownText(),
    description: NullableString(),
    fork: Type.Boolean(),
    created_at: ShownTime(),
    updated_at: ShownTime(),
    pushed_at: Type.Unsafe<string | null>({ ...ShownTime(), type: ['string', 'null'] }),
    git_url: ShownText(),
    ssh_url: ShownText(),
    clone_url: ShownText(),
    size: Count('In kilobytes.'),
    stargazers_count: Count(),
    watchers_count: Count(),
    language: NullableString(),
    has_issues: Type.Boolean(),
    has_projects: Type.Boolean(),
    has_downloads: Type.Boolean(),
    has_wiki: Type.Boolean(),
    has_pages: Type.Boolean(),
    has_discussions: Type.Boolean(),
    forks_count: Count(),
    archived: Type.Boolean(),
    disabled: Type.Boolean(),
    open_issues_count: Count(),
    allow_forking: Type.Boolean(),
    is_template: Type.Boolean(),
    web_commit_signoff_required: Type.Boolean(),
    visibility: ShownText('`public`, `private` or `internal`.'),
    default_branch: ShownText(),
    github_account_id: GithubId('the owner'),
    github_account_name: ShownText('Login of the owner.'),
    installation_id: GithubId('the installation that can access it'),
    license: NullableString('SPDX identifier.'),
  },
  { title: 'GithubRepository' },
)

export const GithubRepositoriesBody = Type.Object(
  { repositories: Type.Array(GithubRepository, { maxItems: MAX_REPOSITORIES }) },
  { title: 'GithubRepositoriesBody' },
)
