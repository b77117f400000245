import type { Test } from 'tap'
import type { Answer, TestApp } from './app.js'

const STRONG = /^"[\x21\x23-\x7e]+"$/

export const tagOf = ({ headers }: Answer) => headers.get('etag') ?? ''

/** Reads with and without the current tag, in every way that a client can name it. */
export async function isConditional(t: Test, { call }: TestApp, path: string) {
  const full = await call('GET', path)
  const tag = tagOf(full)
  t.equal(full.status, 200, path)
  t.match(tag, STRONG)
  const again = await call('GET', path)
  t.strictSame([tagOf(again), again.text], [tag, full.text], 'the same state has the same tag')
  const head = await call('HEAD', path)
  t.strictSame([head.status, tagOf(head), head.text], [200, tag, ''])

  const named = [
    tag,
    `W/${tag}`,
    '*',
    `"other", ${tag}`,
    `W/"other",${tag}, "x"`,
    `"a,b",, ${tag}`,
    ` ${tag} `,
    `x, ${tag}`,
  ]
  for (const header of named) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await call(method, path, { headers: { 'if-none-match': header } })
      t.strictSame([status, text], [304, ''], `${method} ${path} If-None-Match: ${header}`)
      t.equal(headers.get('etag'), tag)
      t.equal(headers.get('content-type'), null)
      for (const name of ['cache-control', 'vary']) t.equal(headers.get(name), full.headers.get(name), name)
      t.notOk(headers.get('transfer-encoding'))
    }
  }
  const others = [
    '',
    '""',
    '"other"',
    'W/"other"',
    tag.slice(1, -1),
    '"',
    '"*"',
    'W/*',
    '*, "other"',
    `"x${tag}"`,
    `${tag}x`,
  ]
  for (const header of others) {
    const { status, text } = await call('GET', path, { headers: { 'if-none-match': header } })
    t.strictSame([status, text], [200, full.text], `If-None-Match: ${header}`)
  }
}
