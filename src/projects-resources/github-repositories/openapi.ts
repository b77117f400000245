import { guardedErrors } from '../../http/openapi/error-responses.js'
import { response } from '../../schemas.js'
import * as schemas from './schemas.js'

const example = {
  id: '987654321',
  name: 'repository',
  full_name: 'username/repository',
  private: false,
  html_url: 'https://github.com/username/repository',
  description: 'An example repository',
  fork: false,
  created_at: '2024-02-16T17:42:11.000Z',
  updated_at: '2025-02-16T17:42:11.000Z',
  pushed_at: '2025-02-16T17:42:11.000Z',
  git_url: 'git://github.com/username/repository.git',
  ssh_url: 'git@github.com:username/repository.git',
  clone_url: 'https://github.com/username/repository.git',
  size: 1024,
  stargazers_count: 80,
  watchers_count: 80,
  language: 'TypeScript',
  has_issues: true,
  has_projects: true,
  has_downloads: true,
  has_wiki: true,
  has_pages: false,
  has_discussions: false,
  forks_count: 9,
  archived: false,
  disabled: false,
  open_issues_count: 3,
  allow_forking: true,
  is_template: false,
  web_commit_signoff_required: false,
  visibility: 'public',
  default_branch: 'main',
  github_account_id: '1234567',
  github_account_name: 'username',
  installation_id: '456789',
  license: 'MIT',
}

const FAILED = {
  'X-Installations-Failed': {
    type: 'string',
    maxLength: 16_384,
    description:
      "GitHub's ids of the installations whose repositories are missing: those that are " +
      'suspended, and those that could not be listed completely.',
  },
}

export const listGithubRepositories = {
  operationId: 'listGithubRepositories',
  tags: ['GitHub repositories'],
  summary: 'List the repositories of the linked GitHub installations',
  description:
    "Returns the repositories that the project's linked GitHub installations can access, sorted by `full_name`. " +
    'Returns 503 if no GitHub App is configured in the service.',
  response: {
    200: response('The repositories.', schemas.GithubRepositoriesBody, {
      example: { repositories: [example] },
      headers: FAILED,
    }),
    ...guardedErrors('NO_GITHUB_INSTALLATION', 'GITHUB_UNAVAILABLE'),
  },
}
