// Patterns of GitHub's names, in responses and webhooks.

/** The login of a user or an organization. */
const LOGIN = '[A-Za-z0-9_-]{1,39}'

/** The name of a repository. `.` and `..` would change the path of a request to the API. */
const REPO_NAME = '(?!\\.{1,2}$)[A-Za-z0-9._-]{1,100}'

/** `owner/name` */
export const FULL_NAME = `${LOGIN}/${REPO_NAME}`
