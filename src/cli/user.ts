import type { Command } from 'commander'
import { addCommand, addNoun } from './command.js'
import { type Database, orConflict, orNotFound, withDatabase } from './database.js'
import { email, githubAccountId, githubAccountName, id, option, required } from './options.js'
import { type Answer, table, usageError } from './output.js'

interface CreateUser {
  email: string
  githubAccountId?: string
  githubAccountName?: string
}

/** Adds `user create`, `user list` and `user delete`. */
export function addUserCommands(program: Command): void {
  const user = addNoun(program, 'user', 'The users, who own everything else.')
  addCommand(user, {
    name: 'create',
    description: 'Add a user. Prints the id on stdout.',
    options: [
      required('--email <email>', 'the email address, kept as given; each is one user only', email),
      option('--github-account-id <id>', "the user's own GitHub account: GitHub's number of it", githubAccountId),
      option('--github-account-name <name>', "the user's own GitHub account: its name", githubAccountName),
    ],
    examples: [
      'user create --email someone@example.com',
      'user create --email someone@example.com --github-account-id 583231 --github-account-name octocat',
    ],
    run: (options: CreateUser) => {
      if (!options.githubAccountId !== !options.githubAccountName) {
        throw usageError('--github-account-id and --github-account-name go together')
      }
      return withDatabase((database) => createUser(database, options))
    },
  })
  addCommand(user, {
    name: 'list',
    description: 'List the users.',
    examples: ['user list', 'user list --json'],
    run: () => withDatabase(listUsers),
  })
  addCommand(user, {
    name: 'delete',
    description: 'Delete a user with everything that they own: sessions, projects, imports, files and other resources.',
    options: [required('--id <id>', 'the user with this id', id)],
    examples: ['user delete --id 12'],
    run: (options: { id: number }) => withDatabase((database) => deleteUser(database, options.id)),
  })
}

async function deleteUser({ prisma }: Database, id: number): Promise<Answer> {
  const user = await prisma.user.delete({ where: { id } }).catch(orNotFound(`there is no user ${id}`))
  return { json: user, text: `Deleted user ${id} and everything that they owned.` }
}

async function createUser({ prisma, now }: Database, options: CreateUser): Promise<Answer> {
  const data = {
    email: options.email,
    github_account_id: options.githubAccountId ?? null,
    github_account_name: options.githubAccountName ?? null,
    created_at: now,
    updated_at: now,
  }
  const user = await prisma.user
    .create({ data })
    .catch(orConflict(`there is a user with the email address ${options.email} already`))
  return { json: user, text: String(user.id), note: `Created user ${user.id} with the email address ${user.email}.` }
}

async function listUsers({ prisma }: Database): Promise<Answer> {
  const users = await prisma.user.findMany({ orderBy: { id: 'asc' } })
  const rows = users.map((user) => ({
    ID: user.id,
    EMAIL: user.email,
    'GITHUB ACCOUNT': user.github_account_name,
    'GITHUB ID': user.github_account_id,
    CREATED: user.created_at,
  }))
  return { json: users, text: table(rows), ...(rows.length === 0 && { note: 'There are no users.' }) }
}
