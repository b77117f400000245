import { guardedErrors } from '../../error-responses.js'
import { answer } from '../../schemas.js'
import * as schemas from './schemas.js'

const example = {
  id: 987654321,
  name: 'repository',
  full_name: 'username/repository',
  private: false,
  html_url: 'https://github.com/username/repository',
  description: 'What it is for',
  fork: false,
  archived: false,
  is_template: false,
  language: 'TypeScript',
  license: 'MIT',
  size: 1024,
  default_branch: 'main',
  visibility: 'public',
  created_at: '2024-02-16T17:42:11.000Z',
  updated_at: '2025-02-16T17:42:11.000Z',
  pushed_at: '2025-02-16T17:42:11.000Z',
  github_account_id: '1234567',
  github_account_name: 'username',
  installation_id: 456789,
}

const FAILED = {
  'X-Installations-Failed': {
    type: 'string',
    maxLength: 16_384,
    description: "GitHub's ids of the installations that are left out: suspended, or GitHub could not be asked.",
  },
}

export const listGithubRepositories = {
  operationId: 'listGithubRepositories',
  tags: ['GitHub repositories'],
  summary: 'List the repositories that can be imported',
  description: "What the project's linked GitHub installations can see, sorted by `full_name`. Needs a GitHub App.",
  response: {
    200: answer('The repositories.', schemas.GithubRepositoriesBody, {
      example: { repositories: [example] },
      headers: FAILED,
    }),
    ...guardedErrors('NO_GITHUB_INSTALLATION', 'GITHUB_UNAVAILABLE'),
  },
}
