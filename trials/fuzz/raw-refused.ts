import { CHUNKED, chunked, LAST, type RawCase, type Requests, size } from './raw-requests.js'

const REFUSED = /^400 INVALID_REQUEST$/
const REFUSED_OR_CLOSED = /^(400 INVALID_REQUEST)?$/
const UNKNOWN_METHOD = /^(400 INVALID_REQUEST|404 ROUTE_NOT_FOUND)?$/

const LENGTHS = ['+5', '5,5', '0x5', '-1', '1e1', '5 5', '', '9'.repeat(30)]
const ENCODINGS = ['identity', 'chunked, identity', 'xchunked', 'chunked\x0b', '"chunked"', 'chunked;x']

/** Request smuggling: a body with an ambiguous length, which a proxy might interpret differently. */
export function smuggling({ post, json, random }: Requests): RawCase {
  const head = random.pick([
    ...[size(json) + CHUNKED, CHUNKED + size(json), size(json) + size(`${json}x`), size(json) + size(json)],
    ...LENGTHS.map((length) => `Content-Length: ${length}\r\n`),
    ...ENCODINGS.map((encoding) => `Transfer-Encoding: ${encoding}\r\n`),
    ...[
      'Transfer-Encoding : chunked\r\n',
      'Content-Length : 5\r\n',
      'Transfer-Encoding:\x01chunked\r\n',
      ` ${CHUNKED}`,
    ],
  ])
  const inner = post(size(json))
  const body = random.pick([chunked(json), json, `0\r\n\r\n${inner}`, chunked(json) + inner])
  return { name: `smuggling ${head}`, bytes: post(head, body), expect: REFUSED }
}

/** Malformed chunks. */
export function badChunks({ post, json, random }: Requests): RawCase {
  const good = json.length.toString(16)
  const lines = ['zz', '-1', '0x5', 'FFFFFFFFFFFFFFFFF', ' 5', '', `${good};\n`, `${good}\n`]
  const rest = [`${good}\r\n${json}0\r\n\r\n`, `${good}\r\n${json}xx0\r\n\r\n`, `1\r\n${json}\r\n0\r\n\r\n`]
  const body = random.pick([...lines.map((line) => `${line}\r\n${json}\r\n0\r\n\r\n`), ...rest])
  return { name: 'malformed chunks', bytes: post(CHUNKED, body) + LAST, expect: REFUSED }
}

/** Malformed request lines and headers. */
export function badHeads({ get, path, cookie, random }: Requests): RawCase {
  const heads = ['X\0Y: 1', 'X: \0', 'X Y: 1', '(x): 1', 'X\xe9: 1', ': x', 'no colon', '\x7f: 1', 'X: a\rb']
  const versions = ['GET P HTTP/3.0', 'GET P HTP/1.1', 'GET P x HTTP/1.1', 'GET P\0 HTTP/1.1', 'GET http/1.1']
  const lines = [...versions, 'get P HTTP/1.1', 'FOO P HTTP/1.1', 'GET\tP HTTP/1.1', '\x16\x03\x01\x02\0\x01']
  const bytes = random.pick([
    ...heads.map((line) => get(`${line}\r\n`)),
    ...lines.map((line) => `${line.replace('P', path)}\r\nHost: x\r\n${cookie}\r\n`),
  ])
  return { name: 'malformed head', bytes, expect: /^(get|FOO) /.test(bytes) ? UNKNOWN_METHOD : REFUSED_OR_CLOSED }
}

/** Missing or duplicate `Host` headers, and HTTP/0.9. */
export function hosts({ path, cookie, random }: Requests): RawCase {
  const host = random.pick(['', 'Host: a\r\nHost: b\r\n', 'Host: a\r\nhost: a\r\n', 'Host: a, b\r\nHost: c\r\n'])
  const http11 = `GET ${path} HTTP/1.1\r\n${host}${cookie}\r\n${LAST}`
  const bytes = random.chance(20) ? `GET ${path}\r\n\r\n` : http11
  return { name: 'no Host, or several, or HTTP/0.9', bytes, expect: /^(400 INVALID_REQUEST(, 200)?)?$/, rule: 'hosts' }
}

/** Requests that exceed a size limit, and one with very many headers, which the service may accept. */
export function sizes({ post, json, random, path, cookie }: Requests): RawCase {
  const long = 'x'.repeat(random.int(20_000, 60_000))
  const large = 'x'.repeat(3_000_000)
  const headers = 'a:b\r\n'.repeat(3000) + size(json)
  const tooLarge = /^413 PAYLOAD_TOO_LARGE(, 200)?$/
  return random.pick<RawCase>([
    { name: 'a long header', bytes: post(`X: ${long}\r\n${size(json)}`), expect: /^431 HEADERS_TOO_LARGE$/ },
    {
      name: 'a long path',
      bytes: `GET ${path}/${long} HTTP/1.1\r\nHost: x\r\n\r\n`,
      expect: /^431 HEADERS_TOO_LARGE$/,
    },
    {
      name: '3000 headers',
      bytes: post(headers) + LAST,
      expect: /^((201|400 INVALID_REQUEST), 200|431 HEADERS_TOO_LARGE)$/,
    },
    { name: 'a long chunk extension', bytes: post(CHUNKED, `1;${long}\r\n{`), expect: /^4(00|13) [A-Z_]+$/ },
    { name: 'a large body', bytes: post(size(large), large) + LAST, expect: tooLarge },
    { name: 'large chunks', bytes: post(CHUNKED, chunked(large)) + LAST, expect: tooLarge },
    {
      name: 'a large body without a session',
      bytes: post(size(large), large).replace(cookie, '') + LAST,
      expect: /^401 UNAUTHORIZED(, 200)?$/,
    },
  ])
}

/** An incomplete request, which must not be executed. */
export function truncated({ post, json, random }: Requests): RawCase {
  const whole = random.chance(50) ? post(size(json)) : post(CHUNKED, chunked(json))
  const bytes = whole.slice(0, random.int(1, whole.length - 3))
  return { name: 'truncated', bytes, ending: random.pick(['close', 'reset']), expect: REFUSED_OR_CLOSED }
}
