/** A site that hosts repositories. */
export interface Hosting {
  /** The source_type. Also the prefix of the short form, as in `github:owner/repo`. */
  name: string
  /** Its hosts, each with its port unless that is the default. Messages mention the first one. */
  hosts: readonly [string, ...string[]]
  /** Hosts with ssh on port 443, for networks that block port 22. */
  sshHosts: readonly string[]
  /** Short form of a path, for messages, such as `owner/repo`. Also serves as an example of a valid path. */
  form: string
  /**
   * Validates the segments of a path.
   * @param segments at least two; only the last one can be empty, for a path such as `owner/.git`
   * @param isPage whether the path could be that of a web page, rather than of a clone URL
   * @returns the problem; undefined if the path is valid
   */
  findProblem: (segments: string[], isPage: boolean) => string | undefined
}

/** Problem of the URL of a page, a folder or a file of a repository. */
const pointsInside = 'must be the URL of the repository itself, not of something inside it'

const words = '[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*'
const githubOwner = new RegExp(`^${words}(?:_${words})?-?$`)

/**
 * Describes the GitHub server that has these hosts. Names of enterprise managed users contain one underscore, and names
 * of some old accounts end with a hyphen. Names such as `..` must be rejected: they would change the path of a request
 * to GitHub's API.
 * https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
 */
const githubOn = (hosts: Hosting['hosts']): Hosting => ({
  name: 'github',
  hosts,
  // https://docs.github.com/en/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
  sshHosts: hosts.map((host) => `ssh.${host.replace(/:\d+$/, '')}`),
  form: 'owner/repo',
  findProblem: ([owner = '', repo = '', ...more]) => {
    if (more.length > 0) return pointsInside
    if (owner.length > 39 || !githubOwner.test(owner)) {
      return 'must name an owner of 1 to 39 letters and digits, with single hyphens and at most one _ between them'
    }
    if (isDots(repo) || !/^[\w.-]{1,100}$/.test(repo)) {
      return 'must name a repo of 1 to 100 letters, digits, dots, hyphens and underscores, and not "." or ".."'
    }
    if (/\.wiki$/i.test(repo)) return 'must name a repository, not its wiki'
    return /\.git$/i.test(repo) ? 'must not name a repo that ends in .git' : undefined
  },
})

/**
 * Names of a project's pages in old URLs, which have no `/-/`. GitLab does not reserve all of them: some can also be
 * names of groups and projects. A path with any of these names is therefore rejected only if it could be from the URL
 * of a page.
 * https://docs.gitlab.com/user/reserved_names/
 */
const gitlabPages = /^(?:tree|blob|raw|commits?|blame|edit|issues|merge_requests|wikis)$/i

const ambiguous = `${pointsInside}; if it is the URL of a GitLab project, add .git or omit the host`

/** Describes gitlab.com. Maximum depth of groups: https://docs.gitlab.com/user/group/subgroups/ */
const gitlab: Hosting = {
  name: 'gitlab',
  hosts: ['gitlab.com'],
  // https://about.gitlab.com/blog/gitlab-dot-com-now-supports-an-alternate-git-plus-ssh-port/
  sshHosts: ['altssh.gitlab.com'],
  form: 'group/project',
  findProblem: (segments, isPage) => {
    if (segments.includes('-')) return pointsInside
    if (isPage && segments.slice(2).some((name) => gitlabPages.test(name))) return ambiguous
    if (segments.length > 21) return 'must not have more than 21 segments'
    if (!segments.every((name) => /^[\w.][\w.-]{0,254}$/.test(name) && !isDots(name))) {
      return 'must have segments of 1 to 255 letters, digits, dots, hyphens and underscores, not beginning with -'
    }
    if (segments.some((name) => name.endsWith('.'))) return 'must not have a segment that ends with a dot'
    return segments.some((name) => /\.(?:git|atom)$/i.test(name))
      ? 'must not name a group or project that ends in .git or .atom'
      : undefined
  },
}

/** Describes bitbucket.org. Names: https://support.atlassian.com/bitbucket-cloud/docs/what-is-a-slug/ */
const bitbucket: Hosting = {
  name: 'bitbucket',
  hosts: ['bitbucket.org'],
  // https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-ssh-issues/
  sshHosts: ['altssh.bitbucket.org'],
  form: 'workspace/repo',
  findProblem: ([workspace = '', repo = '', ...more]) => {
    if (more.length > 0) return pointsInside
    if (!/^[\w-]{1,62}$/.test(workspace)) {
      return 'must name a workspace of 1 to 62 letters, digits, hyphens and underscores'
    }
    if (isDots(repo) || !/^[\w.-]{1,62}$/.test(repo)) {
      return 'must name a repo of 1 to 62 letters, digits, dots, hyphens and underscores, and not "." or ".."'
    }
    return /\.git$/i.test(repo) ? 'must not name a repo that ends in .git' : undefined
  },
}

function isDots(name: string): boolean {
  return name === '.' || name === '..'
}

/**
 * Returns the hostings by source_type.
 * @param githubHosts hosts of `github` paths; see githubHosts()
 */
export const hostingsOf = (githubHosts: Hosting['hosts']) => ({ github: githubOn(githubHosts), gitlab, bitbucket })
