import type { Command } from 'commander'
import { addCommand, addGroup } from './command.js'
import { type Database, orConflict, orNotFound, withDatabase } from './database.js'
import { email, githubAccountId, githubAccountName, id, option, required } from './options.js'
import { type CommandResult, listResult, noneOf, usageError } from './output.js'

interface CreateUser {
  email: string
  githubAccountId?: string
  githubAccountName?: string
}

/** Adds `user create`, `user list` and `user delete`. */
export function addUserCommands(program: Command): void {
  const user = addGroup(program, 'user', 'Manage users, who own all other objects.')
  addCommand(user, {
    name: 'create',
    description: 'Create a user. Prints its id to stdout.',
    options: [
      required('--email <email>', 'email address, unique and case-sensitive', email),
      option('--github-account-id <id>', "numeric id of the user's GitHub account", githubAccountId),
      option('--github-account-name <name>', "name of the user's GitHub account", githubAccountName),
    ],
    examples: [
      'user create --email someone@example.com',
      'user create --email someone@example.com --github-account-id 583231 --github-account-name octocat',
    ],
    run: (options: CreateUser) => {
      if (!options.githubAccountId !== !options.githubAccountName) {
        throw usageError('--github-account-id and --github-account-name must be used together')
      }
      return withDatabase((database) => createUser(database, options))
    },
  })
  addCommand(user, {
    name: 'list',
    description: 'List users.',
    examples: ['user list', 'user list --json'],
    run: () => withDatabase(listUsers),
  })
  addCommand(user, {
    name: 'delete',
    description: 'Delete a user with all sessions, projects, imports, files and resources.',
    options: [required('--id <id>', 'id of the user', id)],
    examples: ['user delete --id 12'],
    run: (options: { id: number }) => withDatabase((database) => deleteUser(database, options.id)),
  })
}

async function deleteUser({ prisma }: Database, id: number): Promise<CommandResult> {
  const user = await prisma.user.delete({ where: { id } }).catch(orNotFound(`user ${id} does not exist`))
  return { json: user, text: `Deleted user ${id} and all their data.` }
}

async function createUser({ prisma, now }: Database, options: CreateUser): Promise<CommandResult> {
  const data = {
    email: options.email,
    github_account_id: options.githubAccountId ?? null,
    github_account_name: options.githubAccountName ?? null,
    created_at: now,
    updated_at: now,
  }
  const user = await prisma.user
    .create({ data })
    .catch(orConflict(`a user with the email address ${options.email} already exists`))
  return { json: user, text: String(user.id), note: `Created user ${user.id} with the email address ${user.email}.` }
}

async function listUsers({ prisma }: Database): Promise<CommandResult> {
  const users = await prisma.user.findMany({ orderBy: { id: 'asc' } })
  const rows = users.map((user) => ({
    ID: user.id,
    EMAIL: user.email,
    'GITHUB ACCOUNT': user.github_account_name,
    'GITHUB ID': user.github_account_id,
    CREATED: user.created_at,
  }))
  return listResult(users, rows, noneOf('users'))
}
