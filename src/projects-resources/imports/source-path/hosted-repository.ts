import type { SourcePathResult } from './result.js'
import { passwordProblem, userProblem } from './user-info.js'

/** A site that hosts repositories. */
export interface Hosting {
  /** The source_type, which is also its short name, as in `github:owner/repo`. */
  name: string
  /** Its hosts, each with a port if that is not 443. The first one is named in messages. */
  hosts: readonly [string, ...string[]]
  /** Where it serves ssh on port 443, for networks that block port 22. */
  sshHosts: readonly string[]
  /** The short form of a path, for messages: `owner/repo`. */
  form: string
  /**
   * Finds what is wrong with the names of a path, of which there are at least two and none is empty.
   * @param isPage whether the path is from an address that a browser could show, rather than a clone URL
   */
  faultIn: (segments: string[], isPage: boolean) => string | undefined
}

/** The problem of an address that leads to a page, a folder or a file of a repository. */
export const pointsInside = "must be the repository's own address, not that of something inside it"

const refused: [RegExp, string][] = [
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
 * Returns the function that converts the addresses of a site's repositories to their short form: that form itself, and
 * the https, ssh and scp-like addresses that are offered for cloning or are shown by a browser.
 *
 * Addresses are matched by hand: `new URL` would resolve `..` and drop tabs, and so accept what it has changed.
 */
export function hostedRepository(hosting: Hosting): (input: string) => SourcePathResult {
  return (input) => {
    const unfit = refused.find(([pattern]) => pattern.test(input))
    if (unfit) return { problem: unfit[1] }
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
  // As a browser's address bar shows it, without the scheme.
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

/** The sites that have a source_type of their own. */
const SITES = new Map([
  ['github.com', 'github'],
  ['gitlab.com', 'gitlab'],
  ['bitbucket.org', 'bitbucket'],
])

function otherSource(host: string, name: string): string {
  const site = SITES.get(host.toLowerCase().replace(/^www\./, ''))
  if (site && site !== name) return `: use the source_type ${site}`
  return host.includes('.') ? ': for a clone URL on another host, use the source_type git' : ''
}

function repositoryPath({ form, faultIn }: Hosting, path: string, isPage: boolean): SourcePathResult {
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/')
  if (segments.length < 2) return { problem: `must name a repository as ${form}` }
  if (segments.includes('')) return { problem: 'must not contain leading, doubled or trailing slashes' }
  const last = segments.pop() ?? ''
  const repository = last.replace(/\.git$/i, '')
  segments.push(repository)
  const problem = faultIn(segments, isPage && repository === last)
  return problem ? { problem } : { path: segments.join('/') }
}
