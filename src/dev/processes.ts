import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessInfo {
  parent: number
  /** Differs between two processes that got the same id one after the other. */
  started: string
  command: string
}

/** What is known of a process, or undefined if there is none, or one that has ended and was not yet waited for. */
export function readProcess(pid: number): ProcessInfo | undefined {
  try {
    return process.platform === 'linux' ? readProc(pid) : readPs(pid)
  } catch {
    return undefined
  }
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readProc(pid: number): ProcessInfo | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in brackets and may hold anything, brackets and spaces included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent] = fields
  if ('ZX'.includes(state)) return undefined
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
  return { parent: Number(parent), started: fields[19] ?? '', command }
}

const PS_LINE = /^\s*(?<parent>\d+)\s+(?<state>\S+)\s+(?<started>\S+\s+\S+\s+\S+\s+\S+\s+\d{4})\s+(?<command>.*)$/

function readPs(pid: number): ProcessInfo | undefined {
  const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, stdio: 'pipe' } as const
  const line = execFileSync('ps', ['-ww', '-o', 'ppid=,stat=,lstart=,command=', '-p', String(pid)], options)
  const { parent, state = '', started = '', command = '' } = PS_LINE.exec(line.trim())?.groups ?? {}
  if (parent === undefined || state.startsWith('Z')) return undefined
  return { parent: Number(parent), started, command }
}

/** How often to look, in milliseconds: elsewhere than on Linux, it takes a process of its own. */
const INTERVAL = process.platform === 'linux' ? 200 : 1000

/**
 * Calls `onGone` when one of the processes through which npm started this one is gone: npm itself, its shell, or tsx.
 * Killed with SIGKILL, they have no chance to pass a signal on.
 */
export function watchParents(onGone: () => void): void {
  const links: [pid: number, parent: number][] = []
  let parent = process.ppid
  for (let info = readProcess(parent); info && /\btsx\b|^\S*sh -c\b/.test(info.command); info = readProcess(parent)) {
    links.push([parent, info.parent])
    parent = info.parent
  }
  const expected = process.ppid
  const timer = setInterval(() => {
    const broken = process.ppid !== expected || links.some(([pid, parent]) => readProcess(pid)?.parent !== parent)
    if (broken) onGone()
  }, INTERVAL)
  timer.unref()
}
