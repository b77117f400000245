import { Type } from '@sinclair/typebox'
import { Id, NullableText, OneOf, Text, Time } from '../../../schemas.js'
import { defineResource } from '../descriptor.js'

const create = Type.Object({
  installation_id: Id({ description: "GitHub's own id of the installation." }),
  account_name: Text(1, 255, { description: 'The GitHub account on which the App is installed.' }),
  repository_selection: OneOf(['all', 'selected']),
})

export const githubInstallations = defineResource({
  slug: 'github-installations',
  noun: 'GitHub installation',
  model: 'GithubInstallation',
  create,
  resource: Type.Object({
    id: Id(),
    ...create.properties,
    github_account_type: NullableText(0, 64),
    github_account_avatar_url: NullableText(0, 2048),
    github_account_id: NullableText(0, 64, { description: "GitHub's id of the account, as a string." }),
    github_account_name: NullableText(0, 255),
    created_at: Time(),
    updated_at: Time(),
    neptun_user_id: Id(),
  }),
  hidden: { suspended_at: true, suspension_known_at: true },
  computed: {},
  example: { installation_id: 456790, account_name: 'username', repository_selection: 'all' },
  exampleResponse: {
    id: 123,
    installation_id: 456789,
    account_name: 'username',
    repository_selection: 'all',
    github_account_type: 'User',
    github_account_avatar_url: null,
    github_account_id: '1234567',
    github_account_name: 'username',
    created_at: new Date('2025-02-16T17:42:11Z'),
    updated_at: new Date('2025-02-16T17:42:11Z'),
    neptun_user_id: 456,
  },
})
