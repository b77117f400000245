import type { Command } from 'commander'
import { addCommand, addNoun } from './command.js'
import { type Database, requireUser, withDatabase } from './database.js'
import { id, option, required } from './options.js'
import { type Answer, table } from './output.js'

interface Filter {
  user?: number
}

/** Files that no project links to, and that were not changed for a while: one that was just created is about to be linked. */
const unlinked = ({ now }: Database, { user }: Filter, days: number) => ({
  projects: { none: {} },
  updated_at: { lt: new Date(now.getTime() - days * 24 * 60 * 60 * 1000) },
  ...(user && { neptun_user_id: user }),
})

/** Adds `user-file unlinked` and `user-file prune`. */
export function addUserFileCommands(program: Command): void {
  const file = addNoun(
    program,
    'user-file',
    "The users' files. A file remains when it is removed from its last project.",
  )
  const ofUser = option('--user <id>', "this user's only", id)
  addCommand(file, {
    name: 'unlinked',
    description: 'List the files that no project links to.',
    options: [ofUser],
    examples: ['user-file unlinked', 'user-file unlinked --user 1 --json'],
    run: (options: Filter) => withDatabase((database) => listUnlinked(database, options)),
  })
  addCommand(file, {
    name: 'prune',
    description: 'Delete the files that no project links to.',
    options: [required('--days <days>', 'only files that were not changed for so many days', id), ofUser],
    examples: ['user-file prune --days 30', 'user-file prune --days 7 --user 1'],
    run: (options: Filter & { days: number }) => withDatabase((database) => prune(database, options)),
  })
}

async function listUnlinked(database: Database, filter: Filter): Promise<Answer> {
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
  return { json: files, text: table(rows), ...(rows.length === 0 && { note: 'Every file is linked to a project.' }) }
}

/** Files that are deleted in one transaction, which requests that link them wait for. */
const BATCH_SIZE = 100

async function prune(database: Database, { user, days }: Filter & { days: number }): Promise<Answer> {
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
 * Deletes those of the files that still match. A request that links one locks it (the foreign key), so the lock waits for that
 * request to end; only a statement that begins after the lock sees the link.
 * @returns the number of files that were deleted
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
