export const passwordProblem = 'must not contain a password: source paths are stored in clear text'

/** Problem of a user, host or path that ssh would parse as a command line option. */
export const optionProblem =
  'must not have a user, host or path that begins with a hyphen: ssh would parse it as an option'

/**
 * Validates the part of a clone URL before its `@`: a user name, which can be an email address, without a password.
 * @param userInfo undefined if the URL has no `@`
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

/** Rejects an access token in place of the user name. For URLs that are stored with their user name. */
export function tokenProblem(user = ''): string | undefined {
  return TOKEN.test(user) ? 'must not contain an access token: it would be stored in clear text' : undefined
}
