import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Hosting, hostingsOf } from '../../../src/projects-resources/imports/source-path/hostings.js'
import {
  canonicalSourcePath,
  SOURCE_TYPES,
  type SourcePathResult,
  type SourceType,
} from '../../../src/projects-resources/imports/source-path/index.js'

type Cases<Expected> = [input: string, expected: Expected][]

/** Expects each input to be accepted with the given canonical form. */
function acceptsAs(t: Test, type: SourceType, cases: Cases<string>): void {
  for (const [input, path] of cases) {
    t.strictSame(canonicalSourcePath(type, input), { path }, `${printable(input)} is accepted`)
  }
}

/** Expects each input to be its own canonical form. */
function acceptsUnchanged(t: Test, type: SourceType, inputs: string[]): void {
  acceptsAs(
    t,
    type,
    inputs.map((input) => [input, input]),
  )
}

/** Expects each input to be rejected, with a problem that matches the reason. */
function rejects(t: Test, type: SourceType, cases: Cases<RegExp>): void {
  for (const [input, reason] of cases) {
    const result: SourcePathResult = canonicalSourcePath(type, input)
    if ('problem' in result) t.match(result.problem, reason, `${printable(input)} is rejected`)
    else t.fail(`${printable(input)} is rejected`)
  }
}

/** Returns the start of an input with all special characters escaped, for titles. */
function printable(input: string): string {
  return JSON.stringify(input.slice(0, 80)).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)
}

/** Returns all forms in which users may paste a repository of GitHub, GitLab or Bitbucket, and similar invalid inputs. */
function sharedForms(
  type: SourceType,
  host: string,
  path: string,
): { accepted: Cases<string>; rejected: Cases<RegExp> } {
  const Host = host.replace(/^./, (first) => first.toUpperCase())
  const sshHost = type === 'github' ? `ssh.${host}` : `altssh.${host}`
  const accepted = [
    // The short form.
    path,
    `${path}.git`,
    `${path}.GIT`,
    `/${path}`,
    `${path}/`,
    `/${path}/`,
    `/${path}.git/`,
    ` \t${path}\n`,
    `\u00a0${path}\ufeff`,
    `${type}:${path}`,
    `${type}:${path}.git`,
    `${type}:/${path}/`,
    `${type.toUpperCase()}:${path}`,
    // From the address bar.
    `https://${host}/${path}`,
    `https://${host}/${path}/`,
    `https://${host}/${path}.git`,
    `https://${host}/${path}.git/`,
    `https://${host}:443/${path}`,
    `https://www.${host}/${path}`,
    `https://www.${host}/${path}.git`,
    `HTTPS://${Host}/${path}`,
    `https://${host.toUpperCase()}/${path}`,
    `https://WWW.${Host}/${path}`,
    `${host}/${path}`,
    `${Host}/${path}/`,
    `${host}/${path}.git`,
    `www.${host}/${path}`,
    `www.${host}/${path}.git/`,
    // From clone buttons, package.json, requirements.txt.
    `https://user@${host}/${path}`,
    `https://user@${host}/${path}.git`,
    `https://user@www.${host}/${path}.git`,
    `https://user.name+tag@${host}/${path}`,
    `https://user@example.com@${host}/${path}.git`,
    `https://git@${host}/${path}`,
    `user@${host}/${path}`,
    `git+https://${host}/${path}`,
    `git+https://${host}/${path}.git`,
    `git+https://git@${host}/${path}.git`,
    `GIT+HTTPS://${host}/${path}`,
    `git+ssh://git@${host}/${path}.git`,
    `git+ssh://git@${sshHost}:443/${path}.git`,
    `git@${host}:${path}`,
    `git@${host}:${path}.git`,
    `git@${host}:/${path}`,
    `git@${host}:/${path}.git`,
    `git@${host}:${path}/`,
    `git@${host}:${path}.git/`,
    `git@${Host}:${path}.git`,
    `git@www.${host}:${path}.git`,
    `org-12345@${host}:${path}`,
    `org-12345@${host}:${path}.git`,
    `${host}:${path}`,
    `ssh://git@${host}/${path}`,
    `ssh://git@${host}/${path}.git`,
    `ssh://git@${host}/${path}.git/`,
    `ssh://git@${host}:22/${path}.git`,
    `ssh://org-12345@${host}/${path}.git`,
    `ssh://${host}/${path}.git`,
    `ssh://git@${sshHost}:443/${path}`,
    `ssh://git@${sshHost}:443/${path}.git`,
    `ssh://${sshHost}:443/${path}.git`,
    `SSH://git@${Host}/${path}`,
  ].map((input): [string, string] => [input, path])
  const rejected: Cases<RegExp> = [
    ['', /must not be empty/],
    [' \n\t\u00a0', /must not be empty/],
    ['/', /must name a repository as/],
    ['repo', /must name a repository as/],
    ['repo.git', /must name a repository as/],
    ['/repo', /must name a repository as/],
    [`https://${host}`, /must name a repository as/],
    [`https://${host}/`, /must name a repository as/],
    [`https://${host}/repo`, /must name a repository as/],
    [`https://${host}/repo/`, /must name a repository as/],
    [host, /must name a repository as/],
    [`www.${host}/repo`, /must name a repository as/],
    [`git@${host}:`, /must name a repository as/],
    [`git@${host}:repo.git`, /must name a repository as/],
    [`${type}:`, /must name a repository as/],
    [`${type}:repo`, /must name a repository as/],
    [`${path}//`, /slashes/],
    [`//${path}`, /slashes/],
    [path.replace('/', '//'), /slashes/],
    [`https://${host}//${path}`, /slashes/],
    [`https://${host}/${path}//`, /slashes/],
    [`git@${host}://${path}`, /scheme other|slashes/],
    [`git@${host}:${path}//`, /slashes/],
    [`//${host}/${path}`, /slashes/],
    [`${path}.git.git`, /ends in \.git/],
    [`${path}.GIT.git`, /ends in \.git/],
    [`git clone https://${host}/${path}.git`, /the address alone, without the command/],
    [`gh repo clone ${path}`, /the address alone, without the command/],
    [`http://${host}/${path}`, /must use https instead of http/],
    [`HTTP://${host}/${path}`, /must use https instead of http/],
    [`git+http://${host}/${path}`, /must use https instead of http/],
    [`git://${host}/${path}.git`, /scheme other than https or ssh/],
    [`git+file://${host}/${path}.git`, /scheme other than https or ssh/],
    [`git+git+https://${host}/${path}.git`, /scheme other than https or ssh/],
    [`ftp://${host}/${path}`, /scheme other than https or ssh/],
    [`file://${host}/${path}`, /scheme other than https or ssh/],
    [`://${host}/${path}`, /scheme other than https or ssh/],
    [`https:/${host}/${path}`, /must be .* or the https or ssh URL of a/],
    [`https:${path}`, /must be .* or the https or ssh URL of a/],
    [`javascript:${path}`, /must be .* or the https or ssh URL of a/],
    [`git+https:${path}`, /must be .* or the https or ssh URL of a/],
    [`other:${path}`, /must be .* or the https or ssh URL of a/],
    [`https://${host}./${path}`, /must not name a host other than/],
    [`https://${host}.evil.example/${path}`, /must not name a host other than/],
    [`https://evil.example/${host}/${path}`, /must not name a host other than/],
    [`https://evil-${host}/${path}`, /must not name a host other than/],
    [`https://www.www.${host}/${path}`, /must not name a host other than/],
    [`https://${sshHost}/${path}`, /must not name a host other than/],
    [`https://${sshHost}:443/${path}`, /must not name a host other than/],
    [`https:///${path}`, /must not name a host other than/],
    [`git@evil.example:${path}`, /must not name a host other than/],
    [`git@evil.example/${path}`, /must not name a host other than/],
    [`ssh://git@${sshHost}/${path}`, /must not name a host other than/],
    [`ssh://git@${sshHost}:22/${path}`, /must not name a host other than/],
    [`https://${host}@evil.example/${path}`, /must not name a host other than/],
    [`https://user:password@${host}/${path}`, /password/],
    [`https://user:@${host}/${path}`, /password/],
    [`https://:@${host}/${path}`, /password/],
    [`https://:password@${host}/${path}`, /password/],
    [`git+https://user:password@${host}/${path}`, /password/],
    [`ssh://git:password@${host}/${path}`, /password/],
    [`user:password@${host}/${path}`, /password/],
    [`user:password@${host}:${path}`, /password/],
    [`https://@${host}/${path}`, /must have a user of/],
    [`@${host}:${path}`, /must have a user of/],
    [`@${host}/${path}`, /must have a user of/],
    [`ssh://-oProxyCommand=x@${host}/${path}`, /begins with a hyphen/],
    [`https://${host}:8443/${path}`, /port/],
    [`https://${host}:22/${path}`, /port/],
    [`https://${host}:0443/${path}`, /port/],
    [`https://${host}:/${path}`, /port/],
    [`ssh://git@${host}:443/${path}`, /port/],
    [`ssh://git@${host}:2222/${path}`, /port/],
    [`ssh://git@${sshHost}:8443/${path}`, /must not name a host other than/],
    [`ssh://git@${host}:${path}`, /must have a slash after the host, not a colon/],
    [`${path}?tab=readme`, /query string/],
    [`https://${host}/${path}?`, /query string/],
    [`https://${host}?/${path}`, /query string/],
    [`${path}#readme`, /fragment/],
    [`${type}:${path}#main`, /fragment/],
    [`git+ssh://git@${host}/${path}.git#semver:^1`, /fragment/],
    [`https://${host}/${path}#`, /fragment/],
    [`https://${host}#/${path}`, /fragment/],
    ['owner/%2e%2e', /percent-encoding/],
    ['%2e%2e/repo', /percent-encoding/],
    [`https://us%3Aer@${host}/${path}`, /percent-encoding/],
    [`https://${host}/owner%2Frepo`, /percent-encoding/],
    [`https://${host}/${path}%00`, /percent-encoding/],
    ['owner\\repo', /backslashes/],
    [`https:\\\\${host}\\owner\\repo`, /backslashes/],
    [`https://${host}\\@evil.example/${path}`, /backslashes/],
    ['own er/repo', /whitespace or control/],
    [`https://${host}/owner/re\tpo`, /whitespace or control/],
    [`https://${host}/owner/re\npo`, /whitespace or control/],
    [`${path}\r\nX-Header: 1`, /whitespace or control/],
    [`${path}\u0000`, /whitespace or control/],
    [`${path}\u001b[31m`, /whitespace or control/],
    [`${path}\u007f`, /whitespace or control/],
    [`${path}\u009b`, /whitespace or control/],
    [`own\u00a0er/repo`, /whitespace or control/],
    [`own\u2028er/repo`, /whitespace or control/],
    ['öwner/repo', /other than ASCII/],
    ['οwner/repo', /other than ASCII/],
    ['owner/re\u200bpo', /other than ASCII/],
    ['owner／repo', /other than ASCII/],
    ['owner/\u202erepo', /other than ASCII/],
    ['owner/🦊', /other than ASCII/],
    [`https://${host.replace('i', 'ı')}/${path}`, /other than ASCII|host other than/],
    [`https://${host.replace('.', '。')}/${path}`, /other than ASCII/],
    ['owner/re\ud800po', /well-formed/],
  ]
  return { accepted, rejected }
}

t.test('the name of each hosting service is its source type', async (t) => {
  for (const [type, { name }] of Object.entries(hostingsOf(['github.com']))) t.equal(name, type)
})

t.test('the canonical form of every address of a GitHub repository is owner/repo', async (t) => {
  acceptsAs(t, 'github', sharedForms('github', 'github.com', 'Octo-Cat/Hello.World').accepted)
  acceptsUnchanged(
    t,
    'github',
    [
      'username/repository',
      'a/b',
      '1/2',
      'octocat/.github',
      'octocat/-',
      'octocat/_',
      'octocat/...',
      'octocat/repo.',
      'octocat/-repo-_.x',
      'octocat/git',
      'octocat/wiki',
      'octocat/repo.git.x',
      'mona-cat_acme',
      'trailing-',
      'managed_user-',
      'a-b-c-d',
      'a'.repeat(39),
    ].map((path) => (path.includes('/') ? path : `${path}/repo`)),
  )
  acceptsAs(t, 'github', [
    [`o/${'r'.repeat(100)}`, `o/${'r'.repeat(100)}`],
    [`o/${'r'.repeat(100)}.git`, `o/${'r'.repeat(100)}`],
    ['octocat/.github.git', 'octocat/.github'],
  ])
})

t.test('an input that is not the address of a GitHub repository is rejected with the reason', async (t) => {
  rejects(t, 'github', sharedForms('github', 'github.com', 'Octo-Cat/Hello.World').rejected)
  const owner = /must name an owner of 1 to 39/
  const repo = /must name a repo of 1 to 100/
  rejects(t, 'github', [
    ['-owner/repo', owner],
    ['own--er/repo', owner],
    ['owner--/repo', owner],
    ['_owner/repo', owner],
    ['owner_/repo', owner],
    ['a_b_c/repo', owner],
    ['a-_b/repo', owner],
    ['own.er/repo', owner],
    ['./repo', owner],
    ['../repo', owner],
    ['~/repo', owner],
    ['own!er/repo', owner],
    [`${'a'.repeat(40)}/repo`, owner],
    [`${'a-'.repeat(1000)}!/repo`, owner],
    ['https://github.com/../repo', owner],
    ['git@github.com:../repo', owner],
    ['owner/.', repo],
    ['owner/..', repo],
    ['owner/..git', repo],
    ['owner/...git', repo],
    ['owner/.git', repo],
    ['owner/re+po', repo],
    ['owner/re*po', repo],
    [`owner/${'r'.repeat(101)}`, repo],
    ['https://github.com/owner/..', repo],
    ['https://github.com/owner/../', repo],
    ['owner/repo.wiki', /not its wiki/],
    ['owner/repo.wiki.git', /not its wiki/],
    ['git@github.com:owner/repo.Wiki.git', /not its wiki/],
  ])
})

t.test(
  'an address inside a GitHub repository is rejected, and the message asks for the URL of the repository itself',
  async (t) => {
    const addresses = [
      'owner/repo/tree/main',
      'owner/repo/..',
      '../../owner/repo',
      'https://github.com/owner/repo/tree/main',
      'https://github.com/owner/repo/tree/main/',
      'https://github.com/owner/repo/blob/main/README.md',
      'https://github.com/owner/repo/pull/1',
      'https://github.com/owner/repo/../other',
      'https://github.com/owner/repo.git/info/refs',
      'git@github.com:owner/repo/tree/main',
      'git@github.com:22/owner/repo',
      'ssh://git@github.com/owner/repo/tree/main',
    ]
    rejects(
      t,
      'github',
      addresses.map((address) => [address, /must be the URL of the repository itself/]),
    )
  },
)

t.test('the canonical form of every address of a GitLab project is the path of groups and project', async (t) => {
  acceptsAs(t, 'gitlab', sharedForms('gitlab', 'gitlab.com', 'Group/Project').accepted)
  acceptsAs(t, 'gitlab', sharedForms('gitlab', 'gitlab.com', 'group/sub-group/sub.sub/_project').accepted)
  acceptsUnchanged(t, 'gitlab', [
    '_/_',
    '0/1',
    'tree/blob',
    'group/tree',
    'group/trees/forest',
    'group/project-',
    'group/a--b__c..d',
    'group/.dotfiles',
    '.group/project',
    '.group/.sub/.dotfiles',
    'group/...project',
    'group/issues',
    'group/sub/issues',
    'group/project/Tree/main',
    'group/tree/project',
    `${'g'.repeat(255)}/${'p'.repeat(255)}`,
    Array(21).fill('g').join('/'),
  ])
})

t.test('GitLab projects and groups can have names such as tree and issues', async (t) => {
  const words = ['tree', 'blob', 'raw', 'commits', 'commit', 'blame', 'edit', 'issues', 'merge_requests', 'wikis']
  for (const word of words) {
    for (const path of [`group/${word}`, `group/sub/${word}`, `group/${word}/project`, `group/sub/${word}/project`]) {
      acceptsAs(
        t,
        'gitlab',
        [
          path,
          `${path}.git`,
          `/${path}/`,
          `gitlab:${path}`,
          `git@gitlab.com:${path}.git`,
          `git@gitlab.com:${path}`,
          `ssh://git@gitlab.com/${path}.git`,
          `https://gitlab.com/${path}.git`,
          `https://user@gitlab.com/${path}.git/`,
        ].map((input): [string, string] => [input, path]),
      )
    }
    acceptsAs(t, 'gitlab', [[`https://gitlab.com/group/${word}`, `group/${word}`]])
  }
})

t.test('an input that is not the address of a GitLab project is rejected with the reason', async (t) => {
  rejects(t, 'gitlab', sharedForms('gitlab', 'gitlab.com', 'Group/Project').rejected)
  const segment = /must have segments of 1 to 255/
  rejects(t, 'gitlab', [
    ['../project', segment],
    ['./project', segment],
    ['group/..git', segment],
    ['group/..', segment],
    ['group/../project', segment],
    ['group/.', segment],
    ['group/.git', segment],
    ['-group/project', segment],
    ['group/-project', segment],
    ['group/pro+ject', segment],
    [`group/${'p'.repeat(256)}`, segment],
    ['group./project', /ends with a dot/],
    ['group/project.', /ends with a dot/],
    ['group/project..git', /ends with a dot/],
    ['group/project.atom', /ends in \.git or \.atom/],
    ['group/project.ATOM', /ends in \.git or \.atom/],
    ['group.git/project', /ends in \.git or \.atom/],
    [Array(22).fill('g').join('/'), /more than 21 segments/],
    ['gitlab.com/project', /must name a repository as/],
  ])
})

t.test('the message for an address inside a GitLab project asks for the URL of the project itself', async (t) => {
  const pages = ['tree', 'blob', 'raw', 'commits', 'commit', 'blame', 'edit', 'issues', 'merge_requests', 'wikis']
  const addresses = [
    'https://gitlab.com/group/project/-/tree/main',
    'https://gitlab.com/group/sub/project/-/merge_requests/1',
    'https://gitlab.com/group/project/-',
    'gitlab.com/group/project/-/tree/main',
    'git@gitlab.com:group/project/-/tree/main',
    'https://gitlab.com/group/project/-/tree/main.git',
    'group/project/-/issues',
    ...pages.flatMap((page) => [
      `https://gitlab.com/group/project/${page}/main`,
      `gitlab.com/group/project/${page}`,
      `https://gitlab.com/group/project/${page}/`,
    ]),
  ]
  rejects(
    t,
    'gitlab',
    addresses.map((address) => [address, /must be the URL of the repository itself/]),
  )
  rejects(t, 'gitlab', [['https://gitlab.com/group/sub/issues', /if it is the URL of a GitLab project, add \.git/]])
})

t.test('the canonical form of every address of a Bitbucket repository is workspace/repo', async (t) => {
  acceptsAs(t, 'bitbucket', sharedForms('bitbucket', 'bitbucket.org', 'My_Work-Space/hello.world').accepted)
  acceptsUnchanged(t, 'bitbucket', ['_/_', 'w/.repo', 'w/-', 'w/...', `${'w'.repeat(62)}/${'r'.repeat(62)}`])
})

t.test('an input that is not the address of a Bitbucket repository is rejected with the reason', async (t) => {
  rejects(t, 'bitbucket', sharedForms('bitbucket', 'bitbucket.org', 'workspace/repo').rejected)
  const workspace = /must name a workspace of 1 to 62/
  const repo = /must name a repo of 1 to 62/
  const inside = /must be the URL of the repository itself/
  rejects(t, 'bitbucket', [
    ['work.space/repo', workspace],
    ['../repo', workspace],
    [`${'w'.repeat(63)}/repo`, workspace],
    ['workspace/.', repo],
    ['workspace/..', repo],
    ['workspace/.git', repo],
    ['workspace/re~po', repo],
    [`workspace/${'r'.repeat(63)}`, repo],
    ['https://bitbucket.org/workspace/repo/src/main', inside],
    ['https://bitbucket.org/workspace/repo/src/main/', inside],
    ['workspace/repo/pull-requests', inside],
  ])
})

t.test('a clone URL of a git import is only trimmed', async (t) => {
  acceptsAs(t, 'git', [[' \thttps://git.example.com/team/repo.git\n', 'https://git.example.com/team/repo.git']])
  acceptsUnchanged(t, 'git', [
    'https://git.example.com/repo',
    'https://git.example.com/team/repo.git/',
    'https://git.example.com:8443/team/repo.git',
    'https://git.example.com:1/r',
    'https://git.example.com:65535/r',
    'https://localhost/r',
    'https://h/r',
    'https://192.0.2.7/repo.git',
    'https://[2001:db8::1]/repo.git',
    'https://[2001:db8::1]:8443/repo.git',
    'https://git.example.com//repo',
    'https://git.example.com/../repo',
    'https://git.example.com/team/re@po',
    'https://git.bücher.example/repo',
    'https://git.example.com/größe/🦊',
    'https://dev.azure.com/org/My%20Project/_git/repo?version=GBmain',
    'https://GitHub.com/Owner/Repo',
    'ssh://git.example.com/repo',
    'ssh://git@git.example.com/repo.git',
    'ssh://git@git.example.com:2222/~team/repo.git',
    'ssh://git@ssh.dev.azure.com/v3/org/project/repo',
    'ssh://user@example.com@source.example.com:2022/p/project/r/repo',
    'ssh://git@[::1]:22/repo',
    'git@git.example.com:team/repo.git',
    'git@git.example.com:/srv/repo.git',
    'git@git.example.com:~/repo.git',
    'git@git.example.com:22/repo',
    'git.example.com:repo',
    'org@vs-ssh.visualstudio.com:v3/org/project/repo',
    'work:repo',
    'my_alias:repo.git',
    'git@[::1]:repo.git',
    'git@windows.example.com:C:\\repos\\x',
    'git@git.example.com:a/https://b',
    'git@host:a@b:c',
    'https://user@git.example.com/repo',
    'https://user@bitbucket.org/w/r.git',
    'https://org@dev.azure.com/org/project/_git/repo',
    'https://user.name+tag@git.example.com:8443/team/repo.git',
    'https://user@example.com@git.example.com/repo',
    'https://git.example.com@evil.example/repo',
    'https://ghost@git.example.com/repo',
    `https://${'h'.repeat(253)}/repo`,
  ])
})

t.test('an input that is not a clone URL of a remote repository is rejected with the reason', async (t) => {
  const form = /must be a clone URL/
  const scheme = /scheme other than https or ssh/
  const helper = /must not name a remote helper/
  const path = /must have a path after the host/
  const port = /must have a port from 1 to 65535/
  const host = /must have a valid host/
  rejects(t, 'git', [
    ['', /must not be empty/],
    ['owner/repo', form],
    ['repo', form],
    ['/srv/repo.git', form],
    ['./repo:x', form],
    ['../repo', form],
    ['~/repo', form],
    ['C:\\repos\\x', form],
    ['C:/repos/x', form],
    ['c:repo', form],
    ['git@h:repo', form],
    ['\\\\server\\share', form],
    ['git@git.example.com/team/repo', form],
    ['[git@git.example.com:22]:repo', /must have a user of/],
    ['https:/git.example.com/repo', form],
    ['https:git.example.com/repo', form],
    ['file:/etc/passwd', form],
    ['FILE:x', form],
    [':repo', form],
    ['@:repo', form],
    ['http://git.example.com/repo', scheme],
    ['git://git.example.com/repo', scheme],
    ['file:///srv/repo.git', scheme],
    ['ftp://git.example.com/repo', scheme],
    ['git+ssh://git@git.example.com/repo', /without git\+/],
    ['git+https://git.example.com/repo', /without git\+/],
    ['git clone https://git.example.com/repo', /without the command/],
    [`https://${'h'.repeat(254)}/repo`, host],
    ['https://@git.example.com/repo', /must have a user of/],
    ['https://us%20er@git.example.com/repo', /must have a user of/],
    ['host://repo', scheme],
    ['HTTPS://git.example.com/repo', /must have a lower-case scheme/],
    ['Ssh://git@git.example.com/repo', /must have a lower-case scheme/],
    ['ext::sh -c whoami', /whitespace/],
    ['ext::whoami', helper],
    ['EXT::whoami', helper],
    ['fd::17', helper],
    ['::whoami', helper],
    ['transport-helper::https://git.example.com/repo', helper],
    ['git@git.example.com::repo', helper],
    ['https://git.example.com', path],
    ['https://git.example.com/', path],
    ['https://git.example.com//', path],
    ['https://git.example.com?x=/repo', path],
    ['https://git.example.com/?x=repo', path],
    ['ssh://git@git.example.com', path],
    ['ssh://git@git.example.com:22/', path],
    ['git@git.example.com:', path],
    ['git@git.example.com://repo', path],
    ['https://git.example.com:0/repo', port],
    ['https://git.example.com:65536/repo', port],
    ['https://git.example.com:99999999999/repo', port],
    ['https://git.example.com:/repo', port],
    ['https://git.example.com:-1/repo', port],
    ['https://git.example.com:22x/repo', port],
    ['https://git.example.com:٢٢/repo', port],
    ['ssh://git@git.example.com:team/repo', port],
    ['ssh://git@[::1]x/repo', port],
    ['https:///repo', host],
    ['https://.git.example.com/repo', host],
    ['https://git.exa%6dple.com/repo', host],
    ['https://git.example.com\\evil.example/repo', host],
    ['https://<host>/repo', host],
    ['https://[::1/repo', /port|host/],
    ['https://[::x]/repo', host],
    ['https://[]/repo', host],
    ['ssh://git@/repo', host],
    ['git@ho\\st:repo', host],
    ['git@ho"st:repo', host],
    ['https://git.example.com/repo#main', /fragment/],
    ['git@git.example.com:repo#main', /fragment/],
    ['https://git.example.com/re po', /whitespace/],
    ['https://git.example.com/re\npo', /whitespace/],
    ['https://git.example.com/\u0000', /control/],
    ['git@git.example.com:re\u2028po', /whitespace/],
    ['git@git.example.com:re\u007fpo', /control/],
    ['git@git.example.com:re\u0085po', /control/],
    ['https://git.example.com/\udfff', /well-formed/],
  ])
})

t.test('a clone URL with credentials is rejected, because readers of the import would see them', async (t) => {
  rejects(t, 'git', [
    ['https://user:password@git.example.com/repo', /password/],
    ['https://user:@git.example.com/repo', /password/],
    ['https://:password@git.example.com/repo', /password/],
    ['https://token:x-oauth-basic@git.example.com:8443/repo', /password/],
    [`https://ghp_${'a1'.repeat(18)}@github.com/o/r`, /access token/],
    [`https://github_pat_${'a1'.repeat(20)}@github.com/o/r`, /access token/],
    [`https://glpat-${'a1'.repeat(10)}@gitlab.com/g/p`, /access token/],
    [`ssh://gho_${'a1'.repeat(18)}@git.example.com/repo`, /access token/],
    [`ATBB${'a1'.repeat(14)}@bitbucket.org:w/r`, /access token/],
    ['ssh://git:password@git.example.com/repo', /password/],
    ['ssh://git:@git.example.com/repo', /password/],
    ['ssh://:password@git.example.com:22/repo', /password/],
    ['user:password@git.example.com:repo', /password/],
    ['user:password@git.example.com/repo', /password/],
    ['ssh://us%3Aer@git.example.com/repo', /must have a user of/],
    ['ssh://@git.example.com/repo', /must have a user of/],
    ['@git.example.com:repo', /must have a user of/],
  ])
})

t.test('a clone URL that git or ssh would interpret as an option is rejected', async (t) => {
  const inputs = [
    'ssh://-oProxyCommand=whoami/repo',
    'ssh://git@-oProxyCommand=whoami/repo',
    'ssh://-oProxyCommand=whoami@git.example.com/repo',
    'https://-host/repo',
    '-oProxyCommand=whoami:repo',
    'git@-oProxyCommand=whoami:repo',
    '-git@git.example.com:repo',
    'git@git.example.com:-repo',
    '--upload-pack=whoami:repo',
  ]
  rejects(
    t,
    'git',
    inputs.map((input) => [input, /begins with a hyphen/]),
  )
  rejects(t, 'git', [['ssh://%2doProxyCommand=whoami@git.example.com/repo', /must have a user of/]])
})

t.test('the canonical form of a url import is the URL as serialized by the WHATWG URL standard', async (t) => {
  acceptsAs(t, 'url', [
    ['https://example.com', 'https://example.com/'],
    [' https://example.com/a ', 'https://example.com/a'],
    ['HTTP://EXAMPLE.com:80/A/../b/./c?d=E#F', 'http://example.com/b/c?d=E#F'],
    ['https://example.com:443/', 'https://example.com/'],
    ['https://example.com:8443/x', 'https://example.com:8443/x'],
    ['https://example.com/a b', 'https://example.com/a%20b'],
    ['https://bücher.example/ü?ü#ü', 'https://xn--bcher-kva.example/%C3%BC?%C3%BC#%C3%BC'],
    ['https://example.com\\a\\b', 'https://example.com/a/b'],
    ['https://exa\nmple.com/', 'https://example.com/'],
    ['https://0x7f.1/', 'https://127.0.0.1/'],
    ['https://[2001:DB8:0::1]/', 'https://[2001:db8::1]/'],
    ['https://example.com/a@b:c', 'https://example.com/a@b:c'],
    ['https://@example.com/', 'https://example.com/'],
    ['http://localhost:3000/archive.zip', 'http://localhost:3000/archive.zip'],
    ['https://user@example.com/x', 'https://user@example.com/x'],
    ['https://example.com@evil.example', 'https://example.com@evil.example/'],
    ['https://us\ner@example.com', 'https://user@example.com/'],
    ['https://münchen.de/', 'https://xn--mnchen-3ya.de/'],
    [`https://${'a.'.repeat(126)}a/`, `https://${'a.'.repeat(126)}a/`],
    [`https://${'a.'.repeat(126)}a./`, `https://${'a.'.repeat(126)}a./`],
    [`https://${'%61'.repeat(253)}/`, `https://${'a'.repeat(253)}/`],
  ])
})

t.test(
  'an input that is not an absolute http or https URL, or contains a password, is rejected with the reason',
  async (t) => {
    const absolute = /must be an absolute http or https URL/
    const valid = /must be a valid http or https URL/
    rejects(t, 'url', [
      ['', /must not be empty/],
      ['example.com', absolute],
      ['//example.com', absolute],
      ['/path', absolute],
      ['owner/repo', absolute],
      ['https:example.com', absolute],
      ['https:/example.com', absolute],
      ['https:\\\\example.com', absolute],
      ['ftp://example.com', absolute],
      ['file:///etc/passwd', absolute],
      ['javascript:alert(1)//https://example.com', absolute],
      ['data:text/html,https://example.com', absolute],
      ['ht\ntps://example.com', absolute],
      ['\u0000https://example.com', absolute],
      ['x https://example.com', absolute],
      ['https://', valid],
      ['https://?', valid],
      ['https://exa mple.com', valid],
      ['https://example.com:65536', valid],
      ['https://example.com:x', valid],
      ['https://[::1', valid],
      ['https://256.256.256.256', valid],
      ['https://a%00b', valid],
      ['https://user:password@example.com', /password/],
      ['https://:password@example.com', /password/],
      ['https://us\ner:pass\nword@example.com', /password/],
      ['https://user%3Apassword@example.com', /password/],
      [`https://ghp_${'a1'.repeat(18)}@example.com`, /access token/],
      [`https://${'a.'.repeat(127)}a/`, /host name of at most 253/],
      [`https://${'a'.repeat(254)}/`, /host name of at most 253/],
      [`https://${'一'.repeat(250)}/`, /at most 253|valid http/],
      [`https://${'一'.repeat(2000)}/`, /host name of at most 253/],
      [`https:////\\${'一'.repeat(2000)}/`, /host name of at most 253/],
      [`https://user@${'一'.repeat(2000)}`, /host name of at most 253/],
      [`https://${'\n一'.repeat(1000)}?x`, /host name of at most 253/],
      [`http://a${'\u0301\u0316'.repeat(1000)}`, /host name of at most 253/],
      ['http://Ã\u00a0.de/', valid],
      ['git@example.com:team/repo.git', /use the source_type git/],
      ['ssh://git@example.com/repo', /use the source_type git/],
      ['example.com/page', /: put https:\/\/ in front of it$/],
      ['https://example.com/\ud83d', /well-formed/],
      [`https://example.com/${'🦊'.repeat(200)}`, /at most 2048 characters/],
      [`https://example.com/${'ü'.repeat(1000)}`, /at most 2048 characters/],
    ])
  },
)

t.test('the path of a local import is only trimmed', async (t) => {
  acceptsAs(t, 'local', [[' \t/srv/projects/neptun\n', '/srv/projects/neptun']])
  acceptsUnchanged(t, 'local', [
    '/',
    '.',
    '..',
    '~',
    '/home/user/my project',
    './project',
    '../../project',
    'project',
    '-rf',
    'owner/repo',
    'C:\\Users\\user\\My Project',
    'C:/Users/user',
    'C://Users/user',
    'C:project',
    'D:',
    '\\\\server\\share\\project',
    '\\\\?\\C:\\very\\long',
    '/größe/проект/プロジェクト/🦊',
    '/e\u0301/\u202eabc',
    '/it\'s/"quoted"/$HOME/`x`/%2e/a?b#c',
    '/srv/https://example.com',
    'files:x',
    'a:b',
    '/with\u0085next-line',
  ])
})

t.test('an empty path, a URL, or invalid characters are rejected for a local import', async (t) => {
  const url = /must be the path of a folder, not a URL/
  rejects(t, 'local', [
    ['', /must not be empty/],
    ['\n', /must not be empty/],
    ['https://example.com', url],
    ['HTTP://example.com', url],
    ['ssh://git@example.com/repo', url],
    ['file:///srv/project', url],
    ['file:/srv/project', url],
    ['FILE:project', url],
    ['git+ssh://x', url],
    ['s3://bucket', url],
    ['/srv/\u0000', /control/],
    ['/srv/a\nb', /control/],
    ['/srv/a\tb', /control/],
    ['/srv/\u001f', /control/],
    ['/srv/\u007f', /control/],
    ['/srv/\ud800', /well-formed/],
    ['\udc00', /well-formed/],
  ])
})

t.test('the canonical path may have at most 2048 code points', async (t) => {
  const tooLong = /at most 2048 characters/
  acceptsUnchanged(t, 'local', ['🦊'.repeat(2048), 'a'.repeat(2048)])
  acceptsUnchanged(t, 'git', [`git@git.example.com:${'r'.repeat(2028)}`])
  acceptsUnchanged(t, 'url', [`https://example.com/${'r'.repeat(2028)}`])
  acceptsAs(t, 'local', [[`${' '.repeat(2041)}project`, 'project']])
  rejects(t, 'local', [[`${' '.repeat(2042)}project`, tooLong]])
  rejects(t, 'local', [['🦊'.repeat(2049), tooLong]])
  rejects(t, 'git', [[`git@git.example.com:${'r'.repeat(2029)}`, tooLong]])
  rejects(t, 'url', [[`https://example.com/${'r'.repeat(2029)}`, tooLong]])
  rejects(t, 'gitlab', [[Array(10).fill('g'.repeat(255)).join('/'), tooLong]])
})

// Inputs for property-based tests: arbitrary code units, parts of addresses in any order, and nearly valid addresses.

const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
const anyString = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), codeUnits)

const hosts = ['github.com', 'gitlab.com', 'bitbucket.org', 'GitHub.com', 'git.example.com', '[::1]', 'www.github.com']
const names = ['owner', 'repo', 'a-b', 'a_b', 'x.y', '-', '_', '.', '..', 'repo.git', 'repo.wiki', 'tree', 'é', '%2e']
const signs = [
  '/',
  ':',
  '@',
  '//',
  '\\',
  '#',
  '?',
  ' ',
  '\t',
  '\u0000',
  '\ud800',
  ':22',
  ':0',
  '::',
  'C:',
  '.git',
  '.GIT',
]
const schemes = ['https://', 'http://', 'ssh://', 'HTTPS://', 'file://', 'ext::', 'git@', 'user:password@']
const pieces = fc
  .array(fc.constantFrom(...hosts, ...names, ...signs, ...signs, ...schemes), { maxLength: 8 })
  .map((parts) => parts.join(''))

const name = fc.oneof(
  { arbitrary: fc.stringMatching(/^[a-zA-Z0-9]{1,5}(-[a-zA-Z0-9]{1,5})?$/), weight: 4 },
  fc.stringMatching(/^[a-zA-Z0-9._-]{1,8}$/),
  fc.constantFrom(...names),
)
const suffix = fc.constantFrom('', '', '', '', '', '.git', '/', '.git/', '.GIT', '.wiki', '?q=ü', '#f', '/..')

function nearlyRight(type: SourceType): fc.Arbitrary<string> {
  const hosting = new Map<string, Hosting>(Object.entries(hostingsOf(['github.com']))).get(type)
  const host = hosting?.hosts[0] ?? 'git.example.com'
  const length = hosting?.form.split('/').length ?? 2
  const prefixes = ['', `https://${host}/`, `HTTPS://${host.toUpperCase()}/`, `git@${host}:`, `ssh://git@${host}/`]
  const prefix = fc.constantFrom(...prefixes, `https://${host}:8443/`, `ssh://git@${host}:22/`)
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
  const form = fc.array(name, { minLength: length, maxLength: length }).map((segments) => segments.join('/'))
  return fc.tuple(prefix, fc.oneof({ arbitrary: form, weight: 4 }, path), suffix).map((parts) => parts.join(''))
}

for (const type of SOURCE_TYPES) {
  const input = fc.oneof(anyString, pieces, { arbitrary: nearlyRight(type), weight: 6 })

  t.test(`canonicalizing a ${type} path is idempotent`, async (t) => {
    let accepted = 0
    fc.assert(
      fc.property(input, (input) => {
        const once = canonicalSourcePath(type, input)
        if ('problem' in once) return /^must [^\n]+$/.test(once.problem)
        accepted++
        const twice = canonicalSourcePath(type, once.path)
        return 'path' in twice && twice.path === once.path && once.path.trim() === once.path && once.path !== ''
      }),
      { numRuns: 2000 },
    )
    t.ok(accepted > 200, `${accepted} of 2000 inputs were accepted`)
  })

  t.test(`the error message for an invalid ${type} path does not contain the input`, async (t) => {
    const long = fc.oneof(fc.string({ minLength: 8 }), fc.string({ unit: 'binary', minLength: 8 }), codeUnits)
    fc.assert(
      fc.property(long, (input) => input.length < 8 || !problemContains(type, input, input)),
      { numRuns: 500 },
    )
    const secret = fc.stringMatching(/^[0-9a-f]{12}$/)
    const around = fc.oneof(pieces, nearlyRight(type))
    fc.assert(
      fc.property(around, secret, around, (before, secret, after) => {
        return !problemContains(type, before + secret + after, secret)
      }),
      { numRuns: 500 },
    )
    t.pass('no counterexample was found')
  })
}

function problemContains(type: SourceType, input: string, part: string): boolean {
  const result = canonicalSourcePath(type, input)
  return 'problem' in result && result.problem.includes(part)
}

t.test('in the URL of a request to GitHub, a canonical github path is exactly two segments', async (t) => {
  let accepted = 0
  fc.assert(
    fc.property(fc.oneof(anyString, pieces, { arbitrary: nearlyRight('github'), weight: 6 }), (input) => {
      const result = canonicalSourcePath('github', input)
      if ('problem' in result) return true
      accepted++
      const [, repo = ''] = result.path.split('/')
      return (
        /^[A-Za-z0-9][A-Za-z0-9_-]*\/[A-Za-z0-9._-]+$/.test(result.path) &&
        !['.', '..'].includes(repo) &&
        new URL(`https://api.example/repos/${result.path}`).pathname === `/repos/${result.path}`
      )
    }),
    { numRuns: 10_000 },
  )
  t.ok(accepted > 1000, `${accepted} of 10000 inputs were accepted`)
})
