import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'

/** On Linux and BSD, the user `nobody`. */
const NOBODY = { uid: 65_534, gid: 65_534 }

/** Linux ends the program with SIGINT when this process ends, even by `kill -9`. */
const DEATH_SIGNAL = ['--pdeathsig', 'INT']

/**
 * Lets another user reach the programs and the data below folders that only root may enter, such as /root. Without the
 * secure bit, the change of user would drop the capability, and access(2) would ignore it: see capabilities(7).
 */
const REACH = ['--securebits', '+no_setuid_fixup', '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']

/**
 * Finds the user that PostgreSQL runs as: this one, except that PostgreSQL refuses to run as root.
 * @param cluster the data folder; root runs PostgreSQL as its owner, or as `nobody` if that is root or it does not exist
 */
export async function findPostgresUser(cluster: string) {
  const owner = await stat(cluster).catch(() => NOBODY)
  const { uid, gid } = owner.uid === 0 ? NOBODY : owner
  const isRoot = process.getuid?.() === 0
  const change = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', ...REACH]
  const flags = isRoot ? [...change, ...DEATH_SIGNAL] : DEATH_SIGNAL
  const prefix = spawnSync('setpriv', [...flags, 'true']).status === 0 ? ['setpriv', ...flags] : []
  const ids = isRoot && prefix.length === 0 ? { uid, gid } : {}
  const env = { PATH: process.env['PATH'], LC_ALL: 'C' }
  return {
    /** Runs one of PostgreSQL's programs, without the shell's variables, and out of reach of the terminal's Ctrl-C. */
    run(program: string, args: string[], stderr: 'ignore' | 'pipe' | number): ChildProcess {
      const [command, ...all] = [...prefix, program, ...args] as [string, ...string[]]
      return spawn(command, all, { ...ids, env, cwd: '/', detached: true, stdio: ['ignore', 'ignore', stderr] })
    },
    /** Makes the user the owner of a file or folder. */
    own: async (path: string) => (isRoot ? await chown(path, uid, gid) : undefined),
  }
}

export type PostgresUser = Awaited<ReturnType<typeof findPostgresUser>>
