import { Type } from '@sinclair/typebox'
import { MAX_ID } from '../../../identity-rules.js'
import { ForeignId, ForeignIdText, Id, NullableInstant, NullableText, OneOf, Text, Time } from '../../../schemas.js'
import { defineResource } from '../descriptor.js'

const create = Type.Object({
  installation_id: ForeignId({ description: "GitHub's id of the installation, as a number or a string." }),
  account_name: Text(1, 255, { description: 'The GitHub account on which the App is installed.' }),
  repository_selection: OneOf(['all', 'selected']),
})

export const githubInstallations = defineResource({
  slug: 'github-installations',
  noun: 'GitHub installation',
  verb: 'Record',
  model: 'GithubInstallation',
  create,
  resource: Type.Object({
    id: Id(),
    ...create.properties,
    installation_id: ForeignIdText({ description: "GitHub's id of the installation, as a string." }),
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
  naturalKey: 'installation_id',
  provisioned: Type.Object({
    suspended_at: Type.Optional(
      NullableInstant({
        description: 'When GitHub suspended the installation; null if it is not suspended. Unchanged if absent.',
      }),
    ),
  }),
  // The pattern also matches strings of ten digits that are out of range.
  check: ({ installation_id: id }) =>
    typeof id === 'string' && /^[1-9][0-9]{9}$/.test(id) && Number(id) > MAX_ID
      ? [{ path: 'body.installation_id', message: `must be an integer from 1 to ${MAX_ID}, as a number or a string` }]
      : [],
  toColumns: (body) => ({
    ...body,
    installation_id: Number(body.installation_id),
    github_account_name: body.account_name,
  }),
  example: { installation_id: 456790, account_name: 'username', repository_selection: 'all' },
  exampleResponse: {
    id: 123,
    installation_id: '456789',
    account_name: 'username',
    repository_selection: 'all',
    github_account_type: 'User',
    github_account_avatar_url: 'https://avatars.githubusercontent.com/u/1234567?v=4',
    github_account_id: '1234567',
    github_account_name: 'username',
    created_at: new Date('2025-02-16T17:42:11Z'),
    updated_at: new Date('2025-02-16T17:42:11Z'),
    neptun_user_id: 456,
  },
})
