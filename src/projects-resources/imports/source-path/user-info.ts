export const passwordProblem = 'must not contain a password: it would be stored in clear text'

/** The problem of a part of an address that ssh would parse as an option. */
export const optionProblem =
  'must not have a user, host or path that begins with a hyphen: ssh would take it for an option'

/**
 * Checks what is before the `@` of a clone URL, which must be a user name, possibly an email address.
 * @param userInfo undefined if there is none
 */
export function userProblem(userInfo: string | undefined): string | undefined {
  if (userInfo === undefined) return undefined
  if (userInfo.includes(':')) return passwordProblem
  if (userInfo.startsWith('-')) return optionProblem
  return /^[\p{L}\p{N}\p{M}.@_+~$=-]+$/u.test(userInfo)
    ? undefined
    : 'must have a user of letters, digits and . @ _ + ~ $ = -'
}

/**
 * Access tokens that hosts accept in place of a user name, by their documented prefixes.
 * https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 * https://docs.gitlab.com/security/tokens/#token-prefixes
 */
const TOKEN = /^(?:gh[oprsu]_\w{20,}|github_pat_\w{20,}|gl[a-z]{2,6}-[\w.-]{20,}|AT(?:BB|CTT)\w{20,})/

/** Finds a secret in a user name that is stored with the address. */
export function tokenProblem(user = ''): string | undefined {
  return TOKEN.test(user) ? 'must not contain an access token: it would be stored in clear text' : undefined
}
