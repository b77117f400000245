import { demo } from '../../src/demo-data.js'
import { EXAMPLE } from '../../src/projects-resources/imports/schemas.js'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'

/** A request that is as expensive to process as its size permits. */
export interface Input {
  name: string
  method: 'GET' | 'POST' | 'PUT'
  path: string
  headers?: Record<string, string>
  body?: string
}

const RESOURCES = `/api/users/${demo.user.id}/projects/${demo.user.projectId}/resources`
const IMPORTS = `${RESOURCES}/imports`

/** An import of the demonstration data. */
const IMPORT = `${IMPORTS}/123`

/** Maximum size of a request body, in bytes. */
const MAX_BYTES = 2 * 1024 * 1024

/** Size of a header or path, in bytes. With the other headers, it fits into Node's limit of 16 KiB for all headers. */
const MAX_HEAD = 15_000

/** Repeats `unit` up to a size in bytes. The default leaves space in the largest body for other JSON. */
const fill = (unit: string, bytes = MAX_BYTES - 200) => unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)))

/** Import bodies with expensive paths. */
function paths(): Input[] {
  const marks = '\u0301\u0316'
  const texts: [type: string, name: string, path: string][] = [
    ['url', '100 000 combining marks in a host', `http://a${marks.repeat(50_000)}`],
    ['url', '2 MiB of combining marks in a host', `http://a${fill(marks)}`],
    ['url', '2000 combining marks in a host', `http://a${marks.repeat(1000)}`],
    ['url', '2 MiB of letters in a host', `http://${fill('一')}`],
    ['url', '2 MiB of labels in a host', `http://${fill('ü.')}`],
    ['url', '2 MiB of user info', `http://${fill('@')}a/`],
    ['url', '2 MiB of path segments', `http://a/${fill('b/../')}`],
    ['git', '2 MiB of @', `git@${fill('a@')}:x`],
    ['git', '2 MiB of colons', fill('a::')],
    ['github', '2 MiB of hyphens', `${fill('a-')}!/repo`],
    ['gitlab', '2 MiB of segments', fill('g/')],
    ['bitbucket', '2 MiB of suffixes', `w/${fill('.git')}`],
    ['local', '2 MiB of spaces', `${fill(' ')}x`],
  ]
  return texts.flatMap(([source_type, name, source_path]) => {
    const body = JSON.stringify({ source_type, source_path })
    return [post(`${source_type}: ${name}`, body), { ...post(`PUT ${source_type}: ${name}`, body), ...put }]
  })
}

const post = (name: string, body: string, path = IMPORTS): Input => ({ name, method: 'POST', path, body })
const put = { method: 'PUT' as const, path: IMPORT }

/** Bodies of 2 MiB with different JSON structures. */
function shapes(): Input[] {
  const distinct: string[] = []
  for (let size = 0; size < MAX_BYTES - 200; size += (distinct.at(-1)?.length ?? 0) + 1) {
    distinct.push(`"${distinct.length.toString(36)}":1`)
  }
  const bodies: [name: string, body: string][] = [
    ['distinct keys', `{${distinct}}`],
    ['one key, repeated', `{${fill('"a":1,')}"a":1}`],
    ['an array of numbers', `[${fill('1,')}1]`],
    ['an array of objects', `[${fill('{},')}{}]`],
    ['an array of strings', `[${fill('"",')}""]`],
    ['an array in a field', `{"title":[${fill('[],')}[]]}`],
    ['arrays in arrays', fill('[', MAX_BYTES / 2) + fill(']', MAX_BYTES / 2)],
    ['objects in objects', `${fill('{"a":', MAX_BYTES * 0.8)}1`],
    ['a long number', `{"title":${fill('1')}}`],
    ['a number with an exponent', `{"title":1e${fill('9')}}`],
    ['escapes in a string', `{"title":"${fill('\\u0041')}"}`],
    ['quotes in a string', `{"title":"${fill('\\"')}"}`],
    ['backslashes in a string', `{"title":"${fill('\\\\')}"}`],
    ['emoji in a string', `{"title":"${fill('🦊')}"}`],
    ['unpaired surrogates', `{"title":"${fill('\\ud800')}"}`],
    ['white space', `${fill(' ')}{}`],
    ['an unfinished string', `{"title":"${fill('a')}`],
    ['the key __proto__, followed by spaces', `{"__proto__"${fill(' ')}:1}`],
    ['the key __proto__, repeated without colons', `{${fill('"__proto__" ')}}`],
    ['only quotes', fill('"')],
  ]
  return bodies.flatMap(([name, body]) => [
    post(`imports: ${name}`, body),
    post(`user-files: ${name}`, body, `${RESOURCES}/user-files`),
  ])
}

/**
 * Every field of the bodies of imports and resources, with 2 MiB of text, and user files with as much text as their
 * limits allow.
 */
function fields(): Input[] {
  const bodies: Record<string, Record<string, unknown>> = {
    imports: EXAMPLE,
    ...Object.fromEntries(RESOURCE_DESCRIPTORS.map(({ slug, example }) => [slug, example])),
  }
  const long = Object.entries(bodies).flatMap(([type, body]) =>
    Object.keys(body).map((field) =>
      post(`${type}.${field}: 2 MiB`, JSON.stringify({ ...body, [field]: fill('é') }), `${RESOURCES}/${type}`),
    ),
  )
  const texts: [name: string, text: string][] = [
    ['1 MiB of letters', 'a'.repeat(1024 * 1024)],
    ['1 MiB of emoji', '🦊'.repeat(256 * 1024)],
    ['1 MiB of quotes', '"'.repeat(1024 * 1024 - 200)],
    ['1 MiB of line feeds', '\n'.repeat(1024 * 1024 - 200)],
    ['340 000 control characters', '\u0001'.repeat(340_000)],
  ]
  const stored = texts.map(([name, text]) =>
    post(
      `user-files.text: ${name}, stored`,
      JSON.stringify({ ...bodies['user-files'], text }),
      `${RESOURCES}/user-files`,
    ),
  )
  return [...long, ...stored]
}

/** A body of 2 MiB, including its transfer encoding, in chunks of one byte. */
function chunked(): Input[] {
  const text = `{"source_type":"local","source_path":"x","title":"${fill(' ', MAX_BYTES / 6)}"}`
  const body = `${text.replace(/./g, '1\r\n$&\r\n')}0\r\n\r\n`
  const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }
  const input = { ...post('chunks of one byte', body), headers }
  return [input, { ...input, name: 'chunks of one byte, without a session', headers: { ...headers, Cookie: 'a=b' } }]
}

/** Query strings, paths and headers of MAX_HEAD bytes, which is close to the limit of Node's HTTP parser. */
function heads(): Input[] {
  const get = (name: string, path: string, headers = {}): Input => ({ name, method: 'GET', path, headers })
  return [
    get('query: parameters', `${IMPORTS}?${fill('a&', MAX_HEAD)}`),
    get('query: one parameter, repeated', `${IMPORTS}?${fill('limit=1&', MAX_HEAD)}`),
    get('query: percent signs', `${IMPORTS}?a=${fill('%', MAX_HEAD)}`),
    get('query: a cursor', `${IMPORTS}?limit=1&cursor=${fill('a', MAX_HEAD)}`),
    get('query: a limit', `${IMPORTS}?limit=${fill('9', MAX_HEAD)}`),
    get('path: an id', `${IMPORTS}/${fill('9', MAX_HEAD)}`),
    get('path: percent signs', `${IMPORTS}/${fill('%', MAX_HEAD)}`),
    get('path: slashes', `${IMPORTS}${fill('/', MAX_HEAD)}`),
    get('path: dots', `${fill('/..', MAX_HEAD)}`),
    get('header: cookies', IMPORTS, { Cookie: fill('a=b; ', MAX_HEAD) }),
    get('header: spaces in a cookie', IMPORTS, { Cookie: `neptun-session${fill(' ', MAX_HEAD)}=x` }),
    get('header: If-Match', IMPORT, { 'If-Match': fill('"a",', MAX_HEAD) }),
    get('header: Accept', '/docs', { Accept: fill('a/b;q=0.1,', MAX_HEAD) }),
    get('header: Content-Type', IMPORTS, { 'Content-Type': `application/json;${fill(' a=b;', MAX_HEAD)}` }),
    get('header: X-Forwarded-For', IMPORTS, { 'X-Forwarded-For': fill('1.1.1.1,', MAX_HEAD) }),
    get('header: Range', '/docs/static/index.css', { Range: `bytes=${fill('0-1,', MAX_HEAD)}0-1` }),
    get('header: Origin', IMPORTS, { Origin: `http://${fill('a.', MAX_HEAD)}` }),
  ]
}

/** Returns all inputs. Most have the maximum size that the service reads. */
export const inputs = (): Input[] => [...paths(), ...shapes(), ...fields(), ...chunked(), ...heads()]
