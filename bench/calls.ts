import { type Dataset, projectId, sessionsPerUser, tokenOf } from './data.js'

/** One HTTP request of a load. */
export interface BenchRequest {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

/** A type of request to measure, and the status that every response must have. */
export interface Call {
  name: string
  status: number
  requests(dataset: Dataset, project?: number): BenchRequest[]
}

/** Maximum number of users in a load. If the dataset has more, they are sampled at even intervals. */
const SAMPLE = 500

export const list: Call = {
  name: 'list',
  status: 200,
  requests: (dataset, project = 0) =>
    everySession(dataset, (user, session) => get(dataset, user, project, 'imports', session)),
}

/** The same requests as `list`. Has a separate name, since `--growth` also measures `list` limited to fewer users. */
export const listByMany: Call = { ...list, name: `list by ${SAMPLE} users` }

export const resources: Call = {
  name: 'resources',
  status: 200,
  requests: (dataset, project = 0) =>
    everySession(dataset, (user, session) => get(dataset, user, project, 'user-files', session)),
}

/** Creates imports. By default, measure() passes the contender's `project` (PROJECT in measure.ts). */
export const create: Call = {
  name: 'create',
  status: 201,
  requests: (dataset, project = 1) =>
    everySession(dataset, (user, session) => ({
      ...get(dataset, user, project, 'imports', session),
      method: 'POST',
      headers: { ...cookie(tokenOf(user, session)), 'content-type': 'application/json' },
      body: JSON.stringify({
        source_type: 'github',
        source_path: `user-${user}/repository`,
        title: `Import of user ${user}`,
        description: 'Importing from GitHub repository',
      }),
    })),
}

/** Requests that are refused, each for a different reason. */
export const refusals: Call[] = [
  {
    name: '401 without a cookie',
    status: 401,
    requests: (dataset) => list.requests(dataset).map((request) => ({ ...request, headers: {} })),
  },
  {
    name: '401 with an unknown cookie',
    status: 401,
    requests: (dataset) =>
      list.requests(dataset).map((request, index) => ({ ...request, headers: cookie(`unknown-${tokenOf(index)}`) })),
  },
  {
    name: '400 for an invalid id in the path',
    status: 400,
    requests: (dataset) =>
      list
        .requests(dataset)
        .map((request) => ({ ...request, path: request.path.replace(/projects\/\d+/, 'projects/01') })),
  },
  {
    name: "403 for another user's path",
    status: 403,
    requests: (dataset) =>
      list
        .requests(dataset)
        .map((request, index, all) => ({ ...request, headers: all[(index + 1) % all.length]?.headers ?? {} })),
  },
]

/** A project that does not exist. Peers must refuse it too, but it is not measured. */
export const missingProject: Call = {
  name: '404 for a project',
  status: 404,
  requests: (dataset) => [{ ...get(dataset, 1, 0, 'imports'), path: pathOf(1, 2_000_000_000, 'imports') }],
}

/** A list that withholds an import, because the user has no installation on the account of its repository. */
export const withheldImport: Call = {
  name: 'list with a withheld import',
  status: 200,
  requests: (dataset) => [get(dataset, dataset.users, dataset.perProject.length - 1, 'imports')],
}

/** Limits a call to a number of its users, sampled at even intervals. */
export function byFewer(call: Call, users: number): Call {
  const requests: Call['requests'] = (dataset, project) => {
    // The first requests use the first session of each user.
    const all = call.requests(dataset, project).slice(0, dataset.users)
    return spread(users, all.length).map((index) => all[index] as BenchRequest)
  }
  return { ...call, requests }
}

/** One request for each session of up to SAMPLE users: the first session of every user, then the second, and so on. */
function everySession(dataset: Dataset, request: (user: number, session: number) => BenchRequest): BenchRequest[] {
  const users = spread(SAMPLE, dataset.users).map((index) => index + 1)
  const sessions = Array.from({ length: sessionsPerUser(dataset) }, (_, session) => session)
  return sessions.flatMap((session) => users.map((user) => request(user, session)))
}

/** Returns at most `max` indexes, evenly spread over `all`. */
function spread(max: number, all: number): number[] {
  const count = Math.min(max, all)
  return Array.from({ length: count }, (_, index) => Math.floor((index * all) / count))
}

function get(dataset: Dataset, user: number, project: number, type: string, session = 0): BenchRequest {
  const headers = cookie(tokenOf(user, session))
  return { method: 'GET', path: pathOf(user, projectId(dataset, user, project), type), headers }
}

const cookie = (token: string) => ({ cookie: `neptun-session=${token}` })

const pathOf = (user: number, project: number, type: string) =>
  `/api/users/${user}/projects/${project}/resources/${type}`
