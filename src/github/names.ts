// Regular expressions for names in GitHub's responses and webhooks.

/** Login of a user or an organization. */
const LOGIN = '[A-Za-z0-9_-]{1,39}'

/** Name of a repository. Excludes `.` and `..`, which would change the path of an API request. */
const REPO_NAME = '(?!\\.{1,2}$)[A-Za-z0-9._-]{1,100}'

/** `owner/name` */
export const FULL_NAME = `${LOGIN}/${REPO_NAME}`
