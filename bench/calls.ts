import { type Dataset, projectId, tokenOf } from './data.js'

/** One HTTP request of a load. */
export interface BenchRequest {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

/** A kind of request that is measured, and the status that every response must have. */
export interface Call {
  name: string
  status: number
  requests(dataset: Dataset, project?: number): BenchRequest[]
}

/** Maximum number of users in a load. They are spread over all users of the dataset. */
const SAMPLE = 500

export const list: Call = {
  name: 'list',
  status: 200,
  requests: (dataset, project = 0) => everyUser(dataset, (user) => get(dataset, user, project, 'imports')),
}

/** The list by up to SAMPLE users, where other calls are limited to fewer. */
export const listByMany: Call = { ...list, name: `list by ${SAMPLE} users` }

export const resources: Call = {
  name: 'resources',
  status: 200,
  requests: (dataset, project = 0) => everyUser(dataset, (user) => get(dataset, user, project, 'user-files')),
}

/** Each contender creates imports in a project of its own, `project`. */
export const create: Call = {
  name: 'create',
  status: 201,
  requests: (dataset, project = 1) =>
    everyUser(dataset, (user) => ({
      ...get(dataset, user, project, 'imports'),
      method: 'POST',
      headers: { cookie: `neptun-session=${tokenOf(user)}`, 'content-type': 'application/json' },
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
    name: '400 for an id in the path',
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
        .map((request) => ({ ...request, headers: cookie(tokenOf(dataset.users)) }))
        .slice(0, -1),
  },
]

/** A project that does not exist. Peers must refuse it too, but it is not measured. */
export const missingProject: Call = {
  name: '404 for a project',
  status: 404,
  requests: (dataset) => [{ ...get(dataset, 1, 0, 'imports'), path: pathOf(1, 2_000_000_000, 'imports') }],
}

/** The list of the project with an import from a GitHub account where its user has no installation. */
export const withheldImport: Call = {
  name: 'list with a withheld import',
  status: 200,
  requests: (dataset) => [get(dataset, dataset.users, dataset.perProject.length - 1, 'imports')],
}

/** Limits a call to a number of users, spread over all users of the call. */
export function byFewer(call: Call, users: number): Call {
  const requests: Call['requests'] = (dataset, project) => {
    const all = call.requests(dataset, project)
    return spread(users, all.length).map((index) => all[index] as BenchRequest)
  }
  return { ...call, requests }
}

function everyUser({ users }: Dataset, request: (user: number) => BenchRequest): BenchRequest[] {
  return spread(SAMPLE, users).map((index) => request(index + 1))
}

/** Returns at most `most` indexes, evenly spread over `all`. */
function spread(most: number, all: number): number[] {
  const count = Math.min(most, all)
  return Array.from({ length: count }, (_, index) => Math.floor((index * all) / count))
}

function get(dataset: Dataset, user: number, project: number, type: string): BenchRequest {
  return { method: 'GET', path: pathOf(user, projectId(dataset, user, project), type), headers: cookie(tokenOf(user)) }
}

const cookie = (token: string) => ({ cookie: `neptun-session=${token}` })

const pathOf = (user: number, project: number, type: string) =>
  `/api/users/${user}/projects/${project}/resources/${type}`
