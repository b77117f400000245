import type { SourcePathResult } from './result.js'

/** A site that hosts repositories. */
export interface Hosting {
  host: string
  /** The short form of a path, for messages: `owner/repo`. */
  form: string
  /** What is wrong with the path's names, of which there are at least two and none is empty. */
  faultIn: (segments: string[]) => string | undefined
}

/** The fault of an address that leads to a page, a folder or a file of a repository. */
export const pointsInside = "must be the repository's own address, not that of something inside it"

const refused: [RegExp, string][] = [
  [/[\s\p{Cc}]/u, 'must not contain whitespace or control characters'],
  [/\P{ASCII}/u, 'must not contain characters other than ASCII'],
  [/\\/, 'must not contain backslashes'],
  [/%/, 'must not contain percent-encoding'],
  [/\?/, 'must not contain a query string'],
  [/#/, 'must not contain a fragment'],
]

/**
 * Takes a site, returns the function that brings the addresses of its repositories to their short form: from that form
 * itself, and from the https, ssh and scp-like addresses that GitHub, GitLab and Bitbucket offer for cloning.
 *
 * Addresses are matched by hand: `new URL` would resolve `..` and drop tabs, and so accept what it has changed.
 */
export function hostedRepository(hosting: Hosting): (input: string) => SourcePathResult {
  return (input) => {
    const unfit = refused.find(([pattern]) => pattern.test(input))
    if (unfit) return { fault: unfit[1] }
    const onHost = pathOnHost(hosting, input)
    return 'fault' in onHost ? onHost : repositoryPath(hosting, onHost.path)
  }
}

function pathOnHost(hosting: Hosting, input: string): SourcePathResult {
  const url = /^([^:/]*):\/\/([^/]*)(.*)$/.exec(input)
  if (url) {
    const [, scheme = '', authority = '', path = ''] = url
    const fault = schemeFault(scheme.toLowerCase()) ?? authorityFault(hosting, scheme.toLowerCase(), authority)
    return fault ? { fault } : { path: path.replace(/^\//, '').replace(/\/$/, '') }
  }
  const [, authority, path = ''] = /^([^:/]*):(.*)$/.exec(input) ?? []
  if (authority?.includes('@')) {
    const fault = authorityFault(hosting, 'ssh', authority)
    return fault ? { fault } : { path }
  }
  const form = `must be ${hosting.form} or the https or ssh URL of a ${hosting.host} repository`
  return /[:@]/.test(input) ? { fault: form } : { path: input }
}

function schemeFault(scheme: string): string | undefined {
  if (scheme === 'http') return 'must use https instead of http'
  return scheme === 'https' || scheme === 'ssh' ? undefined : 'must not use a scheme other than https or ssh'
}

function authorityFault({ host }: Hosting, scheme: string, authority: string): string | undefined {
  const at = authority.lastIndexOf('@')
  const address = authority.slice(at + 1)
  if (scheme === 'https' && at >= 0) return 'must not contain user info'
  if (scheme === 'ssh' && authority.slice(0, at + 1) !== 'git@') {
    return 'must not contain user info other than the user git, which an ssh URL needs'
  }
  if (address.includes(':')) return 'must not contain a port'
  return address.toLowerCase() === host ? undefined : `must not name a host other than ${host}`
}

function repositoryPath({ host, form, faultIn }: Hosting, path: string): SourcePathResult {
  const segments = path.split('/')
  // Without its scheme, an address would pass for a path of one more segment.
  if (segments[0]?.toLowerCase().replace(/^www\./, '') === host) {
    return { fault: 'must begin with https:// where it names the host' }
  }
  if (segments.length < 2) return { fault: `must name a repository as ${form}` }
  if (segments.includes('')) return { fault: 'must not contain leading, doubled or trailing slashes' }
  const repository = segments.pop()?.replace(/\.git$/i, '') ?? ''
  segments.push(repository)
  const fault = faultIn(segments)
  return fault ? { fault } : { path: segments.join('/') }
}
