import { isIPv6 } from 'node:net'
import type { SourcePathResult } from './result.js'
import { optionProblem, passwordProblem, tokenProblem, userProblem } from './user-info.js'

const notCloneUrl = 'must be a clone URL: https://host/path, ssh://user@host/path or user@host:path'

/**
 * Validates a clone URL of a repository on any host. Its canonical form is the input.
 *
 * Accepts the https, ssh and scp-like forms of https://git-scm.com/docs/git-clone#_git_urls. Rejects all others, such
 * as those that run a program (`ext::`), access local files (`file://`) or are not encrypted (`http`, `git`). Rejects
 * credentials, because stored URLs are shown to users.
 */
export function cloneUrl(input: string): SourcePathResult {
  const problem = findProblem(input)
  return problem ? { problem } : { path: input }
}

function findProblem(input: string): string | undefined {
  if (/^git\s+clone\s/i.test(input)) return 'must be the address alone, without the command'
  if (/[\s\p{Cc}]/u.test(input)) return 'must not contain whitespace or control characters'
  if (input.includes('#')) return 'must not contain a fragment'
  if (/^[a-z0-9+.-]*::/i.test(input)) return 'must not name a remote helper'
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)(.*)$/i.exec(input)
  if (!url) return scpProblem(input)
  const [, scheme = '', authority = '', path = ''] = url
  return schemeProblem(scheme) ?? authorityProblem(authority) ?? pathProblem(path)
}

function schemeProblem(scheme: string): string | undefined {
  if (scheme === 'https' || scheme === 'ssh') return undefined
  // The URL is stored unchanged, and git would run a remote helper named `git-remote-HTTPS`.
  if (/^(?:https|ssh)$/i.test(scheme)) return 'must have a lower-case scheme'
  if (/^git\+(?:https|ssh)$/i.test(scheme)) return 'must begin with https:// or ssh://, without git+'
  return 'must not use a scheme other than https or ssh'
}

function authorityProblem(authority: string): string | undefined {
  // The last `@` ends the user, which can be an email address.
  const at = authority.lastIndexOf('@')
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority.slice(at + 1)) ?? []
  const user = at < 0 ? undefined : authority.slice(0, at)
  if (user?.includes(':')) return passwordProblem
  if (port !== undefined && !isPort(port)) return 'must have a port from 1 to 65535 or no port'
  return userProblem(user) ?? tokenProblem(user) ?? hostProblem(host)
}

function pathProblem(path: string): string | undefined {
  return /^\/+[^/?]/.test(path) ? undefined : 'must have a path after the host'
}

const SCHEME = /^(?:https?|ssh|git|file|ftps?|javascript|vbscript|data|blob|about|mailto|tel|view-source)$/i

function scpProblem(input: string): string | undefined {
  const scp = /^(?:([^:/]*)@)?(\[[\da-f:.]*\]|[^:/@]{2,}):(.*)$/i.exec(input)
  if (!scp) return notCloneUrl
  const [, user, host = '', path = ''] = scp
  // A known scheme before the colon is not a host: the input is a URL without slashes, such as `https:host/path`, or
  // dangerous as a link, such as `javascript:...`.
  if (user === undefined && SCHEME.test(host)) return notCloneUrl
  // In `user:password@host:path`, git parses the user as the host.
  if (user === undefined && /^[^/]*@/.test(path)) return passwordProblem
  if (path === '' || path.startsWith('//')) return 'must have a path after the host'
  if (path.startsWith(':')) return 'must not name a remote helper'
  return (
    userProblem(user) ?? tokenProblem(user) ?? hostProblem(host) ?? (path.startsWith('-') ? optionProblem : undefined)
  )
}

function hostProblem(host: string): string | undefined {
  if (host.startsWith('-')) return optionProblem
  const valid = host.startsWith('[')
    ? isIPv6(host.slice(1, -1))
    : /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]{0,252}$/u.test(host)
  return valid ? undefined : 'must have a valid host'
}

function isPort(port: string): boolean {
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535
}
