import { once } from 'node:events'
import { createServer, request } from 'node:http'
import t, { type Test } from 'tap'
import { errorBody, OWNER, resources, STRANGER, startApp, type TestApp, until } from '../support/app.js'
import { startNginx, upstream, withoutNginx } from '../support/nginx.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }
const MIB = 1024 * 1024
const TOO_LARGE = errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large')
const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const FORBIDDEN = errorBody(403, 'USER_MISMATCH', 'Forbidden')
const skip = withoutNginx

interface SendOptions {
  method?: string
  body?: string
  headers?: Record<string, string>
  token?: string | null
}

/** Sends a request with a session, by default the owner's. */
async function send(url: string, options: SendOptions = {}) {
  const { token = OWNER.token, headers, ...rest } = options
  const cookie: Record<string, string> = token === null ? {} : { cookie: `neptun-session=${token}` }
  const response = await fetch(url, { ...rest, headers: { ...cookie, ...headers } })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return {
    status: response.status,
    url: response.url,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  }
}

const createImport = (url: string, headers: Record<string, string> = {}) =>
  send(url, {
    method: 'POST',
    body: JSON.stringify(LOCAL),
    headers: { 'content-type': 'application/json', ...headers },
  })

t.test(
  'a shared cache with a default lifetime of one minute never serves a response to another client',
  { skip },
  async (t) => {
    const service = await startApp(t)
    const cacheable = createServer((_request, response) => response.end('public')).listen(0, '127.0.0.1')
    await once(cacheable, 'listening')
    t.teardown(() => void cacheable.close())
    const { port } = cacheable.address() as { port: number }
    const cache = `
    proxy_cache cache;
    proxy_cache_valid 200 1m;
    proxy_cache_valid any 1m;
    add_header X-Cache $upstream_cache_status always;`
    const url = await startNginx(
      t,
      `${cache}
    location / { ${upstream(service.url)}; }
    location = /cacheable { proxy_pass http://127.0.0.1:${port}; }`,
    )
    const created = await createImport(url + IMPORTS)
    const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
    const { body } = await service.call('POST', resources('/user-files'), { body: file })
    const paths = [
      IMPORTS,
      `${IMPORTS}?limit=1`,
      `${IMPORTS}/${created.body.import.id}`,
      `${IMPORTS}/2147483647`,
      resources('/user-files'),
      resources(`/user-files/${body.id}`),
      resources('/github-repositories'),
      resources('/wishes'),
      '/nowhere',
    ]
    for (const path of paths) {
      for (const token of [OWNER.token, OWNER.token, STRANGER.token, null, 'no-such-session-at-all']) {
        const direct = await service.call('GET', path, { token })
        const proxied = await send(url + path, { token })
        t.same([proxied.status, proxied.body], [direct.status, direct.body], `GET ${path} as ${token}`)
        t.not(proxied.headers.get('x-cache'), 'HIT', 'not from the cache')
        t.match(proxied.headers.get('cache-control'), /^(no-store|private, no-cache)$/)
        t.equal(proxied.headers.get('vary'), 'Cookie')
      }
    }
    t.same((await send(url + IMPORTS, { token: STRANGER.token })).body, FORBIDDEN)
    await send(`${url}/cacheable`)
    t.equal((await send(`${url}/cacheable`)).headers.get('x-cache'), 'HIT', 'the cache works')
  },
)

/** Sends a whole body without waiting for 100 Continue, and reads the response whenever it arrives. */
function upload(url: string, size: number, headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    const client = request(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-type': 'application/json' },
    })
    client.on('error', reject)
    client.on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, body: parse(text) }))
    })
    client.end(Buffer.alloc(size, ' '))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

t.test('a body over the limit is 413, or 401 without a session, but never 502', { skip }, async (t) => {
  const service = await startApp(t)
  const modes = {
    '': '',
    unbuffered: 'proxy_request_buffering off; proxy_http_version 1.1;',
    keepalive: 'proxy_http_version 1.1; proxy_set_header Connection "";',
  }
  const locations = Object.entries(modes).map(
    ([name, directives]) =>
      `location /${name} { ${name && `rewrite ^/${name}(.*) $1 break;`} ${upstream(service.url)}; ${directives} }`,
  )
  const url = await startNginx(t, `client_max_body_size 0; ${locations.join('\n')}`)
  const cookie = { cookie: `neptun-session=${OWNER.token}` }
  for (const name of Object.keys(modes)) {
    for (let attempt = 1; attempt <= 15; attempt += 1) {
      const size = (attempt % 5 === 0 ? 30 : 3) * MIB
      const path = `${name && '/'}${name}${IMPORTS}`
      const what = `${name || 'default'}, attempt ${attempt}`
      t.strictSame(await upload(url + path, size, cookie), { status: 413, body: TOO_LARGE }, `${what}, with a session`)
      t.strictSame(
        await upload(url + path, size, {}),
        { status: 401, body: UNAUTHORIZED },
        `${what}, without a session`,
      )
    }
  }
})

t.test(
  'links, the documentation page and the server URL work behind a proxy that strips a prefix',
  { skip },
  async (t) => {
    const service = await startApp(t)
    const url = `${await startNginx(t, `location /neptun/ { ${upstream(service.url)}/; }`)}/neptun`
    for (let count = 0; count < 3; count += 1) await createImport(url + IMPORTS)
    t.same(await collectPages(`${url}${IMPORTS}?source_type=local&limit=1`), [1, 1, 1], 'pages of the list')
    t.same(await collectPages(`${url}${IMPORTS}/?limit=2`), [2, 1], 'pages of the list with a trailing slash')
    for (const path of ['/docs', '/docs/', '/docs?a=1', '/docs/?a=1', '/docs/static/index.html'])
      await assertPageWorks(t, url + path)
    for (const path of ['/openapi.json', '/docs/json']) {
      const { servers } = (await send(url + path)).body
      const server = new URL(servers[0].url, url + path).href.replace(/\/$/, '')
      t.equal(server, url, `the server in ${path}`)
    }
  },
)

/** Follows `Link` headers. @returns the number of imports of each page */
async function collectPages(first: string): Promise<number[]> {
  const counts: number[] = []
  for (let next: string | undefined = first; next !== undefined; ) {
    const { headers, body } = await send(next)
    counts.push(body.imports.length)
    const [, reference] = /^<(\?[^>]+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? []
    next = reference && new URL(reference, next).href
  }
  return counts
}

/** Files that the documentation page refers to. */
const PAGE_FILES = [
  'favicon-16x16.png',
  'favicon-32x32.png',
  'index.css',
  'swagger-initializer.js',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'swagger-ui.css',
]

/** Asserts that all files that the page refers to exist. */
async function assertPageWorks(t: Test, address: string) {
  const { status, text, url } = await send(address)
  t.equal(status, 200, address)
  const references = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference)
  const names = references.map((reference) => reference.split('/').at(-1)).sort()
  t.same(names, PAGE_FILES, address)
  for (const reference of references) t.equal((await send(new URL(reference, url).href)).status, 200, reference)
}

t.test('a proxy that rewrites Host works if it is trusted, or if the origin is allowed', { skip }, async (t) => {
  const trusting = await startApp(t, { TRUST_PROXY: '127.0.0.1' })
  const untrusting = await startApp(t, { CORS_ORIGINS: 'http://app.example.com:8080' })
  const forward = `
    proxy_set_header Host internal.example;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;`
  const start = ({ url }: TestApp) => startNginx(t, `location / { ${upstream(url)}; ${forward} }`)
  const trusted = await start(trusting)
  const untrusted = await start(untrusting)
  const write = async (url: string, origin: string) => (await createImport(url + IMPORTS, { origin })).status
  t.equal(await write(trusted, trusted), 201, 'the origin that the browser requested')
  t.equal(await write(trusted, trusted.replace('http:', 'https:')), 403, 'another scheme')
  t.equal(await write(trusted, 'http://internal.example'), 403, 'the origin of the rewritten Host')
  t.equal(await write(trusted, 'http://evil.example'), 403, 'another site')
  t.equal(await write(untrusted, untrusted), 403, 'a proxy that is not trusted')
  t.equal(await write(untrusted, 'http://app.example.com:8080'), 201, 'an origin that is configured')
})

t.test('addresses in X-Forwarded-For are counted and logged without their ports', { skip }, async (t) => {
  const { url, log } = await startApp(t, { TRUST_PROXY: '127.0.0.1', RATE_LIMIT_ADDRESS: '3' })
  const location = (path: string, value: string) =>
    `location ${path} { ${upstream(url)}; proxy_set_header X-Forwarded-For "${value}"; }`
  const proxy = await startNginx(
    t,
    location('/api/', '203.0.113.8:$remote_port') + location('/nowhere', '[2001:db8::1]:$remote_port'),
  )
  for (const path of [IMPORTS, '/nowhere']) {
    const statuses: number[] = []
    for (let count = 0; count < 4; count += 1) {
      const { status } = await send(proxy + path, { token: null, headers: { connection: 'close' } })
      statuses.push(status)
    }
    const allowed = path === IMPORTS ? 401 : 404
    t.same(statuses, [allowed, allowed, allowed, 429], path)
  }
  const requests = () => log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  const countOf = (address: string) => requests().filter((line) => line.address === address).length
  await until(() => countOf('203.0.113.8') === 4 && countOf('2001:db8::1') === 4, 'logged without ports')
})
