import type { Test } from 'tap'
import { githubAccessDenied } from '../../src/github/permission.js'
import { type Answer, errorBody, resources, startApp, type TestApp } from './app.js'
import { appSettings, startGithubStub } from './github-stub.js'

export const IMPORTS = resources('/imports')

/** The repository that the App of the stub is granted. */
export const PATH = 'username/repository'

/** The service, live, with a stub for GitHub. */
export async function startLive(t: Test, settings: Parameters<typeof startApp>[1] = {}) {
  const github = await startGithubStub(t)
  const service = await startApp(t, { ...appSettings(github.url), ...settings })
  const post = (path = PATH) => service.call('POST', IMPORTS, { body: { source_type: 'github', source_path: path } })
  return { ...service, github, post }
}

/** The paths of all imports. */
export const stored = async ({ sql }: Pick<TestApp, 'sql'>) =>
  (await sql<{ source_path: string }>('SELECT source_path FROM imports ORDER BY id')).map((row) => row.source_path)

const UNAVAILABLE = errorBody(503, 'GITHUB_UNAVAILABLE', 'GitHub is unavailable: nothing was stored')

export function equalsUnavailable(t: Test, { status, headers, body }: Answer, name: string, retryAfter = /^5$/) {
  t.strictSame([status, body], [503, UNAVAILABLE], name)
  t.match(headers.get('retry-after'), retryAfter)
}

export function equalsDenied(t: Test, { status, body }: Answer, name: string, path = PATH) {
  t.strictSame([status, body], [403, githubAccessDenied(path).toBody()], name)
}
