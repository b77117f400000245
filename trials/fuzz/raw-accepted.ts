import { CHUNKED, chunked, LAST, type RawCase, type Requests, size } from './raw-requests.js'

const METHODS = ['PATCH', 'TRACE', 'PROPFIND', 'PURGE', 'OPTIONS']

/** Well-formed requests in unusual forms. Each gets exactly one response, and each 201 has stored one import. */
export function valid({ post, get, json, random, path, cookie }: Requests): RawCase {
  const inner = post(size(json))
  const absolute = get().replace('GET ', 'GET http://other.example')
  const old = get().replace('HTTP/1.1', 'HTTP/1.0')
  const trailers = chunked(json).replace(/\r\n$/, 'Cookie: x\r\nX: 1\r\n\r\n')
  const ofMethod = (method: string) => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${cookie}\r\n`
  const row = (name: string, bytes: string, expect: RegExp) => ({ name, bytes: bytes + LAST, expect })
  return random.pick<RawCase>([
    row('three in a row', inner + get() + post(CHUNKED, chunked(json)), /^201, 200, 201, 200$/),
    row('40 in a row', get().repeat(40), /^((200|429 [A-Z_]+), ){40}200$/),
    row('GET with a body', get(size(inner)) + inner, /^200, 200$/),
    { ...row('byte by byte', inner, /^201, 200$/), isSlow: true },
    row('leading empty lines', `\r\n\r\n${get()}`, /^200, 200$/),
    row('trailers', post(CHUNKED, trailers), /^201, 200$/),
    { name: 'HTTP/1.0', bytes: old, expect: /^200$/ },
    { name: 'HTTP/1.0 without Host', bytes: old.replace('Host: x\r\n', ''), expect: /^200$/ },
    row('two Cookie headers', get('Cookie: a=b\r\n'), /^200, 200$/),
    row('Upgrade', get('Connection: Upgrade\r\nUpgrade: h2c\r\n'), /^200(, 200)?$/),
    { ...row('absolute form', absolute, /^200, 200$/), rule: 'absolute-form' },
    row('Expect: 100-continue', post(`Expect: 100-continue\r\n${size(json)}`), /^201, 200$/),
    {
      name: 'an unsupported expectation',
      bytes: post(`Expect: x\r\n${size(json)}`),
      expect: /^417 EXPECTATION_FAILED$/,
    },
    row('an empty body', post('Content-Length: 0\r\n', ''), /^400 INVALID_REQUEST, 200$/),
    ...METHODS.map((method) => row(method, ofMethod(method), /^404 ROUTE_NOT_FOUND, 200$/)),
  ])
}

const GARBAGE = ['garbage\r\n\r\n', '\0\0\0\0', '}', 'POST / HTTP/9.9\r\n\r\n', '\x16\x03\x01', 'x'.repeat(5000)]

/** A valid request followed by garbage: the request is executed and gets its response. */
export function garbage({ post, json, random }: Requests): RawCase {
  const bytes = post(size(json)) + random.pick(GARBAGE)
  return { name: 'trailing garbage', bytes, expect: /^201(, 400 INVALID_REQUEST)?$/, rule: 'garbage' }
}
