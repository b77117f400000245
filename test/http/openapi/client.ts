// Functions that call the API with fetch, as an application might define them, with the generated types.
import type { components, operations, paths } from '../../../docs/openapi/types.js'

type Json<Part extends { content: { 'application/json': unknown } }> = Part['content']['application/json']

type CreateProjectImportRequest = components['schemas']['CreateImportBody']
type UpdateProjectImportRequest = components['schemas']['UpdateImportBody']
type SourceType = NonNullable<NonNullable<operations['listImports']['parameters']['query']>['source_type']>

/** `https://HOST` */
type Host = string

export async function createProjectImport(
  host: Host,
  userId: number,
  projectId: number,
  data: CreateProjectImportRequest,
  sessionCookie: string,
): Promise<Json<operations['createImport']['responses'][201]>> {
  const response = await fetch(`${host}/api/users/${userId}/projects/${projectId}/resources/imports`, {
    method: 'POST',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      Cookie: `neptun-session=${sessionCookie}`,
    },
    body: JSON.stringify(data),
  })
  return await readJson(response)
}

export async function listProjectImports(
  host: Host,
  userId: number,
  projectId: number,
  sourceType: SourceType | undefined,
  sessionCookie: string,
): Promise<Json<operations['listImports']['responses'][200]>> {
  const params = new URLSearchParams()
  if (sourceType) {
    params.append('source_type', sourceType)
  }

  const response = await fetch(`${host}/api/users/${userId}/projects/${projectId}/resources/imports?${params}`, {
    method: 'GET',
    headers: {
      Accept: 'application/json',
      Cookie: `neptun-session=${sessionCookie}`,
    },
  })
  return await readJson(response)
}

export async function updateProjectImport(
  host: Host,
  userId: number,
  projectId: number,
  importId: number,
  data: UpdateProjectImportRequest,
  sessionCookie: string,
): Promise<Json<operations['updateImport']['responses'][200]>> {
  const response = await fetch(`${host}/api/users/${userId}/projects/${projectId}/resources/imports/${importId}`, {
    method: 'PUT',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      Cookie: `neptun-session=${sessionCookie}`,
    },
    body: JSON.stringify(data),
  })
  return await readJson(response)
}

export async function listProjectFiles(
  host: Host,
  userId: number,
  projectId: number,
  filter: NonNullable<operations['listFiles']['parameters']['query']>,
  sessionCookie: string,
): Promise<Json<operations['listFiles']['responses'][200]>> {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) params.append(name, String(value))
  const response = await fetch(`${host}/api/users/${userId}/projects/${projectId}/resources/files?${params}`, {
    method: 'GET',
    headers: {
      Accept: 'application/json',
      Cookie: `neptun-session=${sessionCookie}`,
    },
  })
  return await readJson(response)
}

type Resources = '/api/users/{user_id}/projects/{project_id}/resources'
type ResourceType = keyof {
  [Path in keyof paths as Path extends `${Resources}/${infer Type}/{resource_id}` ? Type : never]: Path
}
type Link<Type extends ResourceType> = paths[`${Resources}/${Type}`]['post']

export async function createProjectResource<Type extends ResourceType>(
  host: Host,
  userId: number,
  projectId: number,
  resourceType: Type,
  resourceData: Json<Link<Type>['requestBody']>,
  sessionCookie: string,
): Promise<Json<Link<Type>['responses'][201]>> {
  const response = await fetch(`${host}/api/users/${userId}/projects/${projectId}/resources/${resourceType}`, {
    method: 'POST',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      Cookie: `neptun-session=${sessionCookie}`,
    },
    body: JSON.stringify(resourceData),
  })
  return await readJson(response)
}

async function readJson<Body>(response: Response): Promise<Body> {
  if (!response.ok) {
    const { code } = (await response.json()) as components['schemas']['Error']
    throw new Error(`HTTP error! status: ${response.status} ${code}`)
  }
  return (await response.json()) as Body
}
