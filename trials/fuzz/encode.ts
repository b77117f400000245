import { type Call, type User, urlOf } from './model.js'

/** An encoded request. Each piece is sent in a separate packet. */
export interface Encoded {
  pieces: Buffer[]
  method: string
}

/**
 * Encodes a call as HTTP/1.1, with a random variation that real clients and proxies use.
 * @param isPlain whether to omit additional headers
 */
export function encode({ random }: User, call: Call, isPlain = false): Encoded {
  const method = call.method
  const body = toBytes(call)
  const isChunked = body !== undefined && random.chance(8)
  const name = random.chance(5) ? (text: string) => text.toUpperCase() : (text: string) => text
  const headers = Object.entries({
    host: '127.0.0.1',
    ...call.headers,
    ...(isPlain ? {} : drawHarmless(call, random.int(0, 100))),
  })
  if (body && isChunked) headers.push(['transfer-encoding', 'chunked'])
  else if (body) headers.push(['content-length', String(body.length)])
  const lines = headers.map(([header, value]) => `${name(header)}:${random.chance(95) ? ' ' : '\t '}${value}`)
  const target = encodeURI(urlOf(call)).replaceAll('%25', '%')
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const bytes = Buffer.concat([head, ...(body ? [isChunked ? toChunks(random, body) : body] : [])])
  return { pieces: random.chance(8) ? split(random, bytes) : [bytes], method }
}

/** Splits bytes at random positions. */
export function split(random: User['random'], bytes: Buffer): Buffer[] {
  const cuts = Array.from({ length: random.int(1, 5) }, () => random.int(0, bytes.length)).toSorted((a, b) => a - b)
  return [0, ...cuts]
    .map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length))
    .filter(({ length }) => length > 0)
}

/** Encodes the body of a call. */
export function toBytes({ body }: Pick<Call, 'body'>): Buffer | undefined {
  if (!body) return undefined
  return Buffer.from('text' in body ? body.text : JSON.stringify(body.value))
}

/** Draws headers that must not affect the response. */
function drawHarmless(call: Call, number: number): Record<string, string> {
  const all: Record<string, string>[] = [
    { accept: 'application/xml' },
    { 'x-forwarded-for': '203.0.113.1, unknown' },
    { 'x-http-method-override': 'DELETE' },
    { 'x-request-id': `an id ${number}` },
    { connection: 'close' },
    { connection: 'keep-alive, content-length' },
    { range: 'bytes=0-1' },
    { 'x-original-url': '/health/live' },
    call.body ? { expect: '100-continue' } : { te: 'trailers' },
    { authorization: 'Bearer x' },
  ]
  return all[number] ?? {}
}

function toChunks(random: User['random'], body: Buffer): Buffer {
  const chunks = split(random, body).map((chunk) => {
    const extension = random.chance(10) ? ';name="value"' : ''
    return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n')])
  })
  const trailer = random.chance(10) ? 'x-trailer: 1\r\n' : ''
  return Buffer.concat([...chunks, Buffer.from(`0\r\n${trailer}\r\n`)])
}
