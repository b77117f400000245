import { parseUrl } from '../../../parse-url.js'
import type { SourcePathResult } from './result.js'
import { passwordProblem, tokenProblem } from './user-info.js'

/** Maximum length of a host name, in characters (RFC 1035, section 2.3.4, without the length octets). */
const MAX_HOST = 253

/**
 * Maximum length of a host and its port before normalization, in characters. The host can be in Unicode or
 * percent-encoded. IDNA takes time quadratic in this length.
 */
const MAX_RAW_HOST = 3 * MAX_HOST + ':65535'.length

const hostProblem = `must have a host name of at most ${MAX_HOST} characters`

const absolute = 'must be an absolute http or https URL'

/** Validates an http(s) URL. Its canonical form is the serialization of https://url.spec.whatwg.org. */
export function webAddress(input: string): SourcePathResult {
  if (!/^https?:\/\//i.test(input)) return { problem: absolute + suggestFix(input) }
  if (rawHost(input).length > MAX_RAW_HOST) return { problem: hostProblem }
  const url = parseUrl(input)
  if (!url) return { problem: 'must be a valid http or https URL' }
  const { username, password, hostname, href } = url
  // Some servers decode the user name and then split it at the colon.
  const problem = password !== '' || /%3a/i.test(username) ? passwordProblem : tokenProblem(username)
  if (problem) return { problem }
  return hostname.replace(/\.$/, '').length > MAX_HOST ? { problem: hostProblem } : { path: href }
}

/** Extracts the host and port like the URL standard, which removes tabs and line breaks and ignores extra slashes. */
function rawHost(input: string): string {
  const [, authority = ''] = /^[^:]*:[\\/]*([^\\/?#]*)/.exec(input.replace(/[\t\n\r]/g, '')) ?? []
  return authority.slice(authority.lastIndexOf('@') + 1)
}

function suggestFix(input: string): string {
  if (/^(?:git\+)?(?:ssh|git):\/\/|^[^\s/:@]+@[^\s/:@]+:/i.test(input))
    return '; for a clone URL, use the source_type git'
  return /^[a-z\d-]+(?:\.[a-z\d-]+)+(?:[:/]|$)/i.test(input) ? ': put https:// in front of it' : ''
}
