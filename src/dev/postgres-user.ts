import { spawnSync } from 'node:child_process'
import { chown, readFile, stat } from 'node:fs/promises'
import type { Command } from './keeper.js'
import { StartError } from './start-error.js'

/** The user that PostgreSQL runs as: this one, except that PostgreSQL refuses to run as root. */
export interface PostgresUser {
  /** The command line that runs a program as that user. */
  run(program: string, args: string[]): Command
  /** Makes the user the owner of a file or folder. */
  own(path: string): Promise<void>
}

/**
 * Lets the kernel end PostgreSQL with its keeper, for the case that the keeper itself is killed. And lets the other
 * user reach the binaries and the data below folders that only root may enter, such as /root: a user other than root
 * loses the capability at the change of user, and access(2) ignores it, unless the fixup is off.
 */
const DEATH_SIGNAL = ['--pdeathsig', 'INT']
const REACH = ['--securebits', '+no_setuid_fixup', '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']

/**
 * Finds out how PostgreSQL can be run here.
 *
 * @param cluster the data folder; when root comes to one that belongs to a user, it runs as that user
 * @param program any of PostgreSQL's programs, to try with
 * @throws StartError if this is root and there is no way to run it as anyone else
 */
export async function findPostgresUser(cluster: string, program: string): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) {
    const wrapped = throughSetpriv(DEATH_SIGNAL)
    return { run: works(wrapped, program) ? wrapped : plain, own: async () => {} }
  }
  const { uid, gid } = await findOwner(cluster)
  const ids = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups']
  const ways = [
    throughSetpriv([...ids, ...REACH, ...DEATH_SIGNAL]),
    (command: string, args: string[]) => ({ command, args, uid, gid }),
  ]
  const run = ways.find((way) => works(way, program))
  if (run) return { run, own: (path) => chown(path, uid, gid) }
  throw new StartError(
    `PostgreSQL does not run as root, and user ${uid} cannot run ${program}: ` +
      'install setpriv (util-linux), start as another user, or set DATABASE_URL',
  )
}

const plain: PostgresUser['run'] = (command, args) => ({ command, args })

function throughSetpriv(flags: string[]): PostgresUser['run'] {
  return (program, args) => ({ command: 'setpriv', args: [...flags, program, ...args] })
}

function works(run: PostgresUser['run'], program: string): boolean {
  const { command, args, ...ids } = run(program, ['--version'])
  return spawnSync(command, args, { ...ids, stdio: 'ignore', cwd: '/' }).status === 0
}

async function findOwner(cluster: string): Promise<{ uid: number; gid: number }> {
  const owner = await stat(cluster).catch(() => undefined)
  if (owner && owner.uid !== 0) return owner
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const [, uid = 65_534, gid = 65_534] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users) ?? []
  return { uid: Number(uid), gid: Number(gid) }
}
