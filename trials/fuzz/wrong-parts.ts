import type { User } from './model.js'

/** Invalid ids for a path. */
export const WRONG_IDS = [
  ...'0 -1 01 1.0 1e3 0x10 +1 %201 1%20 1%0a %00 1%00 abc null true NaN [1] {id} :id * 1,2 1;x=1 2147483648'.split(' '),
  ...'.. %2e%2e 1%2f.. %D9%A1 %zz %c3%28 %ED%A0%80 1%E2%80%8B %27%20OR%201=1-- \u0661'.split(' '),
  ...['9'.repeat(20), '9'.repeat(400)],
]

export const WRONG_SLUGS =
  'import Imports user_files user-filess constructor __proto__ imports%00 %20imports toString'.split(' ')

/** Queries of a list: invalid or ambiguous ones, invalid cursors, and unknown parameters, which are ignored. */
export const WRONG_QUERIES = [
  ...'0 101 abc 1e1 01 -1 1.5 %31%30%30%30 +1'.split(' ').map((limit) => `limit=${limit}`),
  ...'bogus GITHUB github%00 github,local %20url'.split(' ').map((type) => `source_type=${type}`),
  ...'x MTAw AAAA %00 e30 LTE eA.eA MS4x %F0%9F%98%80'.split(' ').map((cursor) => `limit=5&cursor=${cursor}`),
  ...['', 'a'.repeat(64), 'a'.repeat(65), 'a'.repeat(5000)].map((cursor) => `limit=5&cursor=${cursor}`),
  ...'limit= source_type= limit=1&limit=2 source_type=url&source_type=git cursor=MTAw limit&limit'.split(' '),
  ...'unknown=1 limit[]=1 __proto__=1 limit=5&unknown=%F0%9F%98%80 constructor[prototype]=1 %zz=1'.split(' '),
]

/** Returns cookies without a valid session. */
export function wrongCookies({ sessions }: User): string[] {
  const valid = String(sessions[0]?.token)
  const invalid = sessions.filter(({ state }) => state !== 'valid').map(({ token }) => `neptun-session=${token}`)
  const tokens = ['', 'short', 'z'.repeat(43), 'z'.repeat(5000), '%00', `${valid}x`, `${valid}%00`, valid.toUpperCase()]
  return [
    ...tokens.map((token) => `neptun-session=${token}`),
    ...['session', 'Neptun-Session', 'xneptun-session', '__Host-neptun-session'].map((name) => `${name}=${valid}`),
    ...[`neptun-session=${valid}; neptun-session=${valid}`, 'a=b', '', ...invalid, ...invalid],
  ]
}

const TYPES =
  'text/plain application/x-www-form-urlencoded application/xml application/jsonx application/json-patch+json x /'

/** Headers that may be wrong for a call with a body: content types and encodings. */
export const HEADERS_WITH_BODY: Record<string, string>[] = [
  ...TYPES.split(' ').map((type) => ({ 'content-type': type })),
  ...['gzip', 'br', 'deflate', 'x'].map((encoding) => ({ 'content-encoding': encoding })),
  ...['application/json; charset=utf-8', 'application/json;x=y'].map((type) => ({ 'content-type': type })),
]
/** Headers by which browsers state the origin of a request: same or foreign. For calls with or without a body. */
export const HEADERS: Record<string, string>[] = [
  ...['cross-site', 'same-site', 'none', 'same-origin'].map((site) => ({ 'sec-fetch-site': site })),
  ...['https://evil.example', 'null'].map((origin) => ({ origin })),
  { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
]
