import type { Test } from 'tap'
import { type AppResponse, accessDeniedBody, errorBody, resources, startApp, type TestApp } from './app.js'
import { appSettings, startGithubStub } from './github-stub.js'

export const IMPORTS = resources('/imports')

/** The repository that the stub's GitHub App can access. */
export const PATH = 'username/repository'

/** Starts the service in live mode, with a stub of GitHub. */
export async function startLive(t: Test, settings: Parameters<typeof startApp>[1] = {}) {
  const github = await startGithubStub(t)
  const service = await startApp(t, { ...appSettings(github.url), ...settings })
  const post = (path = PATH) => service.call('POST', IMPORTS, { body: { source_type: 'github', source_path: path } })
  return { ...service, github, post }
}

/** Returns the paths of all imports, in order of creation. */
export const stored = async ({ sql }: Pick<TestApp, 'sql'>) =>
  (await sql<{ source_path: string }>('SELECT source_path FROM imports ORDER BY id')).map((row) => row.source_path)

const UNAVAILABLE = errorBody(503, 'GITHUB_UNAVAILABLE', 'GitHub is unavailable: nothing was stored')

/** Expects a 503 because GitHub is unavailable. */
export function equalsUnavailable(t: Test, { status, headers, body }: AppResponse, name: string, retryAfter = /^5$/) {
  t.strictSame([status, body], [503, UNAVAILABLE], name)
  t.match(headers.get('retry-after'), retryAfter)
}

/** Expects a 403 because no installation of the user has access to the repository. */
export function equalsDenied(t: Test, { status, body }: AppResponse, name: string, path = PATH) {
  t.strictSame([status, body], [403, accessDeniedBody(path)], name)
}
