import t, { type Test } from 'tap'
import { githubHosts } from '../../src/github/hosts.js'
import { resources, startApp, validationErrorBody } from '../support/app.js'

t.test('the hosts of repositories are derived from the URL of the REST API', async (t) => {
  const table: [apiUrl: string, hosts: string[]][] = [
    ['https://api.github.com', ['github.com']],
    ['https://api.github.com/', ['github.com']],
    ['https://API.GitHub.com', ['github.com']],
    ['https://ghe.example.com/api/v3', ['ghe.example.com']],
    ['https://ghe.example.com:8443/api/v3', ['ghe.example.com:8443']],
    ['https://GHE.example.com/api/v3/', ['ghe.example.com']],
    ['https://api.example.com/api/v3', ['api.example.com']],
    ['https://api.octocorp.ghe.com', ['octocorp.ghe.com']],
    ['https://api.a.b.ghe.com', ['api.a.b.ghe.com']],
    ['http://127.0.0.1:4000', ['github.com', '127.0.0.1:4000']],
    ['http://localhost:4000/api/v3', ['github.com', 'localhost:4000']],
    ['http://[::1]:4000', ['github.com', '[::1]:4000']],
  ]
  for (const [apiUrl, hosts] of table) t.same(githubHosts(apiUrl), hosts, apiUrl)
})

const IMPORTS = resources('/imports')
const PATH = 'username/Repository'

/** Posts each address as a github import. @returns the stored paths, or the error bodies */
async function storedPaths(t: Test, apiUrl: string, addresses: string[]): Promise<unknown[]> {
  const { call } = await startApp(t, { GITHUB_API_URL: apiUrl })
  const results = []
  for (const source_path of addresses) {
    const { body } = await call('POST', IMPORTS, { body: { source_type: 'github', source_path } })
    results.push(body.import?.source_path ?? body)
  }
  return results
}

t.test("with an Enterprise Server, repositories are on the server's host instead of github.com", async (t) => {
  const host = 'ghe.example.com'
  const accepted = [
    PATH,
    `/${PATH}/`,
    `github:${PATH}`,
    `https://${host}/${PATH}`,
    `https://user@${host}/${PATH}.git/`,
    `https://www.${host}/${PATH}`,
    `${host}/${PATH}`,
    `www.${host}/${PATH}.git`,
    `git+https://${host}/${PATH}.git`,
    `git+ssh://git@${host}/${PATH}.git`,
    `git@${host}:${PATH}.git`,
    `org-123@${host}:${PATH}.git`,
    `ssh://git@${host}/${PATH}.git`,
    `ssh://git@ssh.${host}:443/${PATH}.git`,
  ]
  const paths = await storedPaths(t, `https://${host}/api/v3`, accepted)
  t.same(
    paths,
    accepted.map(() => PATH),
  )

  const rejected: [address: string, hint: string][] = [
    [`https://github.com/${PATH}`, ': for a clone URL on another host, use the source_type git'],
    [`github.com/${PATH}`, ': for a clone URL on another host, use the source_type git'],
    [`git@github.com:${PATH}.git`, ': for a clone URL on another host, use the source_type git'],
    [`https://gitlab.com/${PATH}`, ': use the source_type gitlab'],
  ]
  t.same(
    await storedPaths(
      t,
      `https://${host}/api/v3`,
      rejected.map(([address]) => address),
    ),
    rejected.map(([, hint]) =>
      validationErrorBody(['body.source_path', `must not name a host other than ${host}${hint}`]),
    ),
  )
})

t.test(
  'the hosts of an Enterprise Server on port 8443, of GitHub with data residency and of an emulator are accepted',
  async (t) => {
    const table: [apiUrl: string, addresses: string[]][] = [
      [
        'https://ghe.example.com:8443/api/v3',
        [
          `https://ghe.example.com:8443/${PATH}`,
          `https://ghe.example.com/${PATH}`,
          `git@ghe.example.com:${PATH}.git`,
          `ssh://git@ghe.example.com/${PATH}.git`,
          `ghe.example.com/${PATH}`,
        ],
      ],
      [
        'https://api.octocorp.ghe.com',
        [`https://octocorp.ghe.com/${PATH}.git`, `git@octocorp.ghe.com:${PATH}.git`, `octocorp.ghe.com/${PATH}`],
      ],
      [
        'http://127.0.0.1:4000',
        [`https://127.0.0.1:4000/${PATH}`, `git@127.0.0.1:${PATH}`, `https://github.com/${PATH}`, `github.com/${PATH}`],
      ],
    ]
    for (const [apiUrl, addresses] of table) {
      t.same(
        await storedPaths(t, apiUrl, addresses),
        addresses.map(() => PATH),
        apiUrl,
      )
    }
  },
)
