import type { TestApp } from './app.js'

/** A resource type as clients see it, independent of the descriptors in src. */
export interface ResourceType {
  slug: string
  idField: string
  table: string
  linkTable: string
  /** Body that creates a resource. */
  create: Record<string, unknown>
  /** Values in the response, except the id, times and owner. */
  created: Record<string, unknown>
  /** Keys of the response, in order. */
  keys: string[]
}

const tail = ['created_at', 'updated_at', 'neptun_user_id']

export const RESOURCE_TYPES: ResourceType[] = [
  {
    slug: 'user-files',
    idField: 'user_file_id',
    table: 'user_files',
    linkTable: 'project_user_files',
    create: { title: 'main', text: 'console.log(1)\n', language: 'typescript', extension: 'd.ts' },
    created: { title: 'main', text: 'console.log(1)\n', language: 'typescript', extension: 'd.ts' },
    keys: ['id', 'title', 'text', 'language', 'extension', ...tail],
  },
  {
    slug: 'template-collections',
    idField: 'template_collection_id',
    table: 'template_collections',
    linkTable: 'project_template_collections',
    create: { name: 'Components', description: null },
    created: { name: 'Components', description: null, is_shared: false },
    keys: ['id', 'name', 'description', 'is_shared', 'share_uuid', ...tail],
  },
  {
    slug: 'github-installations',
    idField: 'github_installation_id',
    table: 'github_installations',
    linkTable: 'project_github_installations',
    create: { installation_id: 4711, account_name: 'acme', repository_selection: 'selected' },
    created: {
      installation_id: '4711',
      account_name: 'acme',
      repository_selection: 'selected',
      github_account_type: null,
      github_account_avatar_url: null,
      github_account_id: null,
      github_account_name: 'acme',
    },
    keys: [
      'id',
      'installation_id',
      'account_name',
      'repository_selection',
      'github_account_type',
      'github_account_avatar_url',
      'github_account_id',
      'github_account_name',
      ...tail,
    ],
  },
  {
    slug: 'chat-conversations',
    idField: 'chat_conversation_id',
    table: 'chat_conversations',
    linkTable: 'project_chat_conversations',
    create: { name: 'Naming', description: 'things', model_publisher: 'mistralai', model_name: 'Mistral-7B' },
    created: {
      name: 'Naming',
      description: 'things',
      model: 'mistralai/Mistral-7B',
      model_publisher: 'mistralai',
      model_name: 'Mistral-7B',
    },
    keys: ['id', 'name', 'description', 'model', 'model_publisher', 'model_name', ...tail],
  },
]

/** Columns of an installation that the service derives from the body. */
const ACCOUNT = { github_account_name: 'acme' }

/** Inserts a resource without links into its table. Each of its texts starts with `mark`. */
export async function writeResource(
  { sql }: TestApp,
  { table, create }: ResourceType,
  { id, userId = 1, mark = '' }: { id: number; userId?: number; mark?: string },
) {
  const marked = (value: unknown) => (typeof value === 'string' && value !== 'selected' ? mark + value : value)
  // A user can have an installation only once. Resource 500 has the installation_id of `created`.
  const own = { ...create, ...('installation_id' in create && { installation_id: 4211 + id, ...ACCOUNT }) }
  const columns = ['id', 'neptun_user_id', 'created_at', 'updated_at', ...Object.keys(own)]
  const values = [id, userId, '2025-02-16T17:42:11Z', '2025-02-16T18:42:11Z', ...Object.values(own).map(marked)]
  await sql(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    values,
  )
}
