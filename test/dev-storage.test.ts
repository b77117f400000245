import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startPostgres } from '../dev/postgres.js'

const isRoot = process.getuid?.() === 0

/** Mounts a file system in memory until the test ends. @returns its folder; undefined if this user cannot mount */
function mount(t: Test, options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'neptun-storage-'))
  t.teardown(() => rmdirSync(folder))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  t.teardown(() => execFileSync('umount', [folder]))
  return folder
}

/** Creates a folder that this user cannot write to. Permissions do not stop root: only a read-only file system does. */
function createReadOnlyFolder(t: Test): string | undefined {
  if (isRoot) return mount(t, 'ro,size=1m')
  const folder = t.testdir()
  // tap can still remove the folder, because that requires only permissions on its parent.
  chmodSync(folder, 0o555)
  return folder
}

const CANNOT_MOUNT = 'this user cannot mount file systems'

t.test('npm run dev says which folder is read-only', async (t) => {
  const folder = createReadOnlyFolder(t)
  if (!folder) return t.pass(CANNOT_MOUNT, { skip: CANNOT_MOUNT })
  const code = isRoot ? 'EROFS' : 'EACCES'
  for (const name of ['', 'a', 'a/b']) {
    // For a new folder on a read-only file system, Node's recursive mkdir reports ENOENT instead of EROFS.
    const reason = isRoot && name !== '' ? 'ENOENT' : code
    const message = `DATA_DIR: cannot create or write to ${join(folder, name)} (${reason})`
    await t.rejects(startPostgres({ folder: join(folder, name) }), { name: 'StartError', message })
  }
})

t.test('npm run dev rejects a data folder whose parent is a file', async (t) => {
  const folder = join(t.testdir({ file: '' }), 'file', 'data')
  const message = `DATA_DIR: cannot create or write to ${folder} (ENOTDIR)`
  await t.rejects(startPostgres({ folder }), { name: 'StartError', message })
})

t.test('npm run dev says that the disk is full', async (t) => {
  const folder = mount(t, 'size=8m,mode=755')
  if (!folder) return t.pass(CANNOT_MOUNT, { skip: CANNOT_MOUNT })
  mkdirSync(join(folder, 'data'))
  const message = /^PostgreSQL's initdb failed: .*No space left on device/
  await t.rejects(startPostgres({ folder: join(folder, 'data') }), { name: 'StartError', message })
})
