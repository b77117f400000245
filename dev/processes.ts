import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Returns the parent id and the command line (empty for a zombie) of a process, or undefined if it does not exist. */
export function readProcess(pid: number): { parent: number; command: string } | undefined {
  try {
    if (process.platform === 'linux') {
      const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return { parent: Number(parent), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }
    }
    const line = execFileSync('ps', ['-ww', '-o', 'ppid=,command=', '-p', `${pid}`], { encoding: 'utf8' })
    const [, parent, command = ''] = /^\s*(\d+)\s+(.*)$/m.exec(line) ?? []
    return { parent: Number(parent), command: command.replace(/^\(.*\)$/, '') }
  } catch {
    return undefined
  }
}
