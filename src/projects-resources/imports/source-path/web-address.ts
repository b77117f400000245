import { parseUrl } from '../../../parse-url.js'
import type { SourcePathResult } from './result.js'
import { passwordProblem, tokenProblem } from './user-info.js'

/** RFC 1035, section 2.3.4, without the length octets. */
const MAX_HOST = 253

/** A host in Unicode or percent-encoded, and a port, in characters: IDNA takes time quadratic in its length. */
const MAX_RAW_HOST = 3 * MAX_HOST + ':65535'.length

const hostProblem = `must have a host name of at most ${MAX_HOST} characters`

const absolute = 'must be an absolute http or https URL'

/** Takes an http(s) URL; its canonical form is that of https://url.spec.whatwg.org. */
export function webAddress(input: string): SourcePathResult {
  if (!/^https?:\/\//i.test(input)) return { problem: absolute + guess(input) }
  if (rawHost(input).length > MAX_RAW_HOST) return { problem: hostProblem }
  const url = parseUrl(input)
  if (!url) return { problem: 'must be a valid http or https URL' }
  const { username, password, hostname, href } = url
  // Some hosts decode the user name and split it again.
  const problem = password !== '' || /%3a/i.test(username) ? passwordProblem : tokenProblem(username)
  if (problem) return { problem }
  return hostname.replace(/\.$/, '').length > MAX_HOST ? { problem: hostProblem } : { path: href }
}

/** Finds the host and port as the URL standard does, which removes tabs and line breaks and ignores further slashes. */
function rawHost(input: string): string {
  const [, authority = ''] = /^[^:]*:[\\/]*([^\\/?#]*)/.exec(input.replace(/[\t\n\r]/g, '')) ?? []
  return authority.slice(authority.lastIndexOf('@') + 1)
}

function guess(input: string): string {
  if (/^(?:git\+)?(?:ssh|git):\/\/|^[^\s/:@]+@[^\s/:@]+:/i.test(input))
    return '; for a clone URL, use the source_type git'
  return /^[a-z\d-]+(?:\.[a-z\d-]+)+(?:[:/]|$)/i.test(input) ? ', which begins with https://' : ''
}
