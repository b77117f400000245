import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'

/** On Linux and BSD, the user `nobody`. */
const NOBODY = { uid: 65_534, gid: 65_534 }

/** Makes Linux send SIGINT to the program when this process ends, even if it is killed with SIGKILL. */
const DEATH_SIGNAL = ['--pdeathsig', 'INT']

/**
 * Keeps CAP_DAC_OVERRIDE when the user changes, so that PostgreSQL reaches its files below folders that only root may
 * enter, such as /root. The secure bit makes access(2) respect this capability: see capabilities(7).
 */
const REACH = ['--securebits', '+no_setuid_fixup', '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']

/**
 * Finds the user that PostgreSQL runs as: usually the current user. PostgreSQL rejects root, so for root it is the owner
 * of the data folder `cluster`, or `nobody` if the folder is missing or belongs to root.
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
    /** Runs a program with a minimal environment, detached so that the terminal's Ctrl-C does not stop it. */
    run(program: string, args: string[], stderr: 'ignore' | 'pipe' | number): ChildProcess {
      const [command, ...all] = [...prefix, program, ...args] as [string, ...string[]]
      return spawn(command, all, { ...ids, env, cwd: '/', detached: true, stdio: ['ignore', 'ignore', stderr] })
    },
    /** Makes the user the owner of a file or folder. */
    own: async (path: string) => (isRoot ? await chown(path, uid, gid) : undefined),
  }
}

export type PostgresUser = Awaited<ReturnType<typeof findPostgresUser>>
