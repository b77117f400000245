import { type Hosting, hostingsOf } from './hostings.js'
import type { SourcePathResult } from './result.js'
import { passwordProblem, userProblem } from './user-info.js'

const rejectedPatterns: [RegExp, problem: string][] = [
  [/^(?:git|gh\s+repo|glab\s+repo)\s+clone\s/i, 'must be the address alone, without the command'],
  [/[\s\p{Cc}]/u, 'must not contain whitespace or control characters'],
  [/\P{ASCII}/u, 'must not contain characters other than ASCII'],
  [/\\/, 'must not contain backslashes'],
  [/%/, 'must not contain percent-encoding'],
  [/\?/, 'must not contain a query string'],
  [/#/, 'must not contain a fragment'],
]

type OnHost = { path: string; isPage: boolean } | { problem: string }

/**
 * Creates a function that converts the path of a repository to its short form. Accepts the short form, the https, ssh
 * and scp-like URLs that the site offers for cloning, and the URLs that a browser shows.
 *
 * Does not use `new URL`, which would resolve `..` and remove tabs instead of rejecting them.
 */
export function hostedRepository(hosting: Hosting): (input: string) => SourcePathResult {
  return (input) => {
    const match = rejectedPatterns.find(([pattern]) => pattern.test(input))
    if (match) return { problem: match[1] }
    const onHost = pathOnHost(hosting, input)
    return 'problem' in onHost ? onHost : repositoryPath(hosting, onHost.path, onHost.isPage)
  }
}

function pathOnHost(hosting: Hosting, input: string): OnHost {
  const url = /^([^:/]*):\/\/([^/]*)(.*)$/.exec(input)
  if (url) {
    const [, scheme = '', authority = '', path = ''] = url
    const base = scheme.toLowerCase().replace(/^git\+/, '')
    const problem = schemeProblem(base) ?? authorityProblem(hosting, base, authority)
    return problem ? { problem } : { path, isPage: base === 'https' }
  }
  const names = namesOf(hosting)
  // A URL without a scheme, as browsers show it in the address bar.
  const [, authority, user, host = '', page = ''] = /^((?:([^/:]*)@)?([^/:@]+))(\/.*|$)/.exec(input) ?? []
  if (authority !== undefined && (user !== undefined || isHost(host, [...names, ...SITES.keys()]))) {
    const problem = authorityProblem(hosting, 'https', authority)
    return problem ? { problem } : { path: page, isPage: true }
  }
  const [, before = '', path = ''] = /^([^/:]*):(.*)$/.exec(input) ?? []
  if (before.toLowerCase() === hosting.name) return { path, isPage: false }
  if (before.includes('@') || isHost(before, names)) {
    const problem = authorityProblem(hosting, 'ssh', before)
    return problem ? { problem } : { path, isPage: false }
  }
  if (/^[^/:]*:[^/]*@/.test(input)) return { problem: passwordProblem }
  return /[:@]/.test(input)
    ? { problem: `must be ${hosting.form} or the https or ssh URL of a ${hosting.hosts[0]} repository` }
    : { path: input, isPage: false }
}

function schemeProblem(scheme: string): string | undefined {
  if (scheme === 'http') return 'must use https instead of http'
  return scheme === 'https' || scheme === 'ssh' ? undefined : 'must not use a scheme other than https or ssh'
}

const PORTS: Record<string, string> = { https: '443', ssh: '22' }

function authorityProblem(hosting: Hosting, scheme: string, authority: string): string | undefined {
  const { hosts, sshHosts, name } = hosting
  const at = authority.lastIndexOf('@')
  const problem = at < 0 ? undefined : userProblem(authority.slice(0, at))
  if (problem) return problem
  const address = authority.slice(at + 1)
  const [host = '', port] = address.split(/:(.*)/s)
  if (scheme === 'https' && isHost(address, hosts)) return undefined
  if (scheme === 'ssh' && port === '443' && isHost(host, sshHosts)) return undefined
  if (!isHost(host, namesOf(hosting))) return `must not name a host other than ${hosts[0]}${otherSource(host, name)}`
  if (port === undefined || port === PORTS[scheme]) return undefined
  return /^\d*$/.test(port) ? 'must not contain a port' : 'must have a slash after the host, not a colon'
}

const namesOf = ({ hosts }: Hosting) => hosts.map((host) => host.replace(/:\d+$/, ''))

const isHost = (host: string, hosts: readonly string[]) => hosts.includes(host.toLowerCase().replace(/^www\./, ''))

/** The source_type of each host that has one. */
const SITES = new Map<string, string>(
  Object.values(hostingsOf(['github.com'])).flatMap(({ hosts, name }) => hosts.map((host) => [host, name])),
)

function otherSource(host: string, name: string): string {
  const site = SITES.get(host.toLowerCase().replace(/^www\./, ''))
  if (site && site !== name) return `: use the source_type ${site}`
  return host.includes('.') ? ': for a clone URL on another host, use the source_type git' : ''
}

function repositoryPath({ form, findProblem }: Hosting, path: string, isPage: boolean): SourcePathResult {
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/')
  if (segments.length < 2) return { problem: `must name a repository as ${form}` }
  if (segments.includes('')) return { problem: 'must not contain consecutive slashes' }
  const last = segments.pop() ?? ''
  const repository = last.replace(/\.git$/i, '')
  segments.push(repository)
  const problem = findProblem(segments, isPage && repository === last)
  return problem ? { problem } : { path: segments.join('/') }
}
