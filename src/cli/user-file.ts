import type { Command } from 'commander'
import { addCommand, addGroup } from './command.js'
import { type Database, requireUser, withDatabase } from './database.js'
import { id, option, required } from './options.js'
import { type CommandResult, listResult, noneOf } from './output.js'

interface Filter {
  user?: number
}

/**
 * Returns a filter for unlinked files that have not changed for `days` days. Newer files are excluded, because they may
 * be about to be linked.
 */
const unlinked = ({ now }: Database, { user }: Filter, days: number) => ({
  projects: { none: {} },
  updated_at: { lt: new Date(now.getTime() - days * 24 * 60 * 60 * 1000) },
  ...(user && { neptun_user_id: user }),
})

/** Adds `user-file unlinked` and `user-file prune`. */
export function addUserFileCommands(program: Command): void {
  const file = addGroup(
    program,
    'user-file',
    'Manage user files. A file is kept when its last link to a project is removed.',
  )
  const ofUser = option('--user <id>', 'only files of this user', id)
  addCommand(file, {
    name: 'unlinked',
    description: 'List files that are not linked to any project.',
    options: [ofUser],
    examples: ['user-file unlinked', 'user-file unlinked --user 1 --json'],
    run: (options: Filter) => withDatabase((database) => listUnlinked(database, options)),
  })
  addCommand(file, {
    name: 'prune',
    description: 'Delete files that are not linked to any project.',
    options: [required('--days <days>', 'only files that have not changed for this number of days', id), ofUser],
    examples: ['user-file prune --days 30', 'user-file prune --days 7 --user 1'],
    run: (options: Filter & { days: number }) => withDatabase((database) => prune(database, options)),
  })
}

async function listUnlinked(database: Database, filter: Filter): Promise<CommandResult> {
  if (filter.user) await requireUser(database, filter.user)
  const files = await database.prisma.userFile.findMany({
    where: unlinked(database, filter, 0),
    omit: { text: true },
    orderBy: { id: 'asc' },
  })
  const rows = files.map((file) => ({
    ID: file.id,
    USER: file.neptun_user_id,
    TITLE: file.title,
    CHANGED: file.updated_at,
  }))
  return listResult(files, rows, noneOf('unlinked files', filter.user))
}

/** Maximum number of files per transaction. Requests that link one of these files wait until the transaction ends. */
const BATCH_SIZE = 100

async function prune(database: Database, { user, days }: Filter & { days: number }): Promise<CommandResult> {
  if (user) await requireUser(database, user)
  const where = unlinked(database, user ? { user } : {}, days)
  let deleted = 0
  for (;;) {
    const found = await database.prisma.userFile.findMany({ where, select: { id: true }, take: BATCH_SIZE })
    deleted += await deleteIfUnlinked(
      database,
      where,
      found.map(({ id }) => id),
    )
    if (found.length < BATCH_SIZE) break
  }
  return { json: { deleted }, text: `Deleted ${deleted === 1 ? '1 file' : `${deleted} files`}.` }
}

/**
 * Deletes the files that are still unlinked. A concurrent request that links a file locks its row, through the foreign
 * key. FOR UPDATE waits for that request; only a statement that starts afterwards sees the link.
 * @returns the number of deleted files
 */
async function deleteIfUnlinked(
  { prisma }: Database,
  where: ReturnType<typeof unlinked>,
  ids: number[],
): Promise<number> {
  return await prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM user_files WHERE id = ANY(${ids}::integer[]) ORDER BY id FOR UPDATE`
    const { count } = await transaction.userFile.deleteMany({ where: { ...where, id: { in: ids } } })
    return count
  })
}
