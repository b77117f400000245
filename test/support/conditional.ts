import type { Test } from 'tap'
import type { AppResponse, TestApp } from './app.js'

const STRONG = /^"[\x21\x23-\x7e]+"$/

export const tagOf = ({ headers }: AppResponse) => headers.get('etag') ?? ''

/** Expects GET and HEAD to evaluate If-None-Match (RFC 9110, section 13.1.2), in all forms of the header. */
export async function isConditional(t: Test, { call }: TestApp, path: string) {
  const full = await call('GET', path)
  const tag = tagOf(full)
  t.equal(full.status, 200, path)
  t.match(tag, STRONG)
  const again = await call('GET', path)
  t.strictSame([tagOf(again), again.text], [tag, full.text], 'the same state has the same tag')
  const head = await call('HEAD', path)
  t.strictSame([head.status, tagOf(head), head.text], [200, tag, ''])

  const matching = [
    tag,
    `W/${tag}`,
    '*',
    `"other", ${tag}`,
    `W/"other",${tag}, "x"`,
    `"a,b",, ${tag}`,
    ` ${tag} `,
    `x, ${tag}`,
  ]
  for (const header of matching) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await call(method, path, { headers: { 'if-none-match': header } })
      t.strictSame([status, text], [304, ''], `${method} ${path} If-None-Match: ${header}`)
      t.equal(headers.get('etag'), tag)
      t.equal(headers.get('content-type'), null)
      for (const name of ['cache-control', 'vary']) t.equal(headers.get(name), full.headers.get(name), name)
      t.notOk(headers.get('transfer-encoding'))
    }
  }
  const notMatching = [
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
  for (const header of notMatching) {
    const { status, text } = await call('GET', path, { headers: { 'if-none-match': header } })
    t.strictSame([status, text], [200, full.text], `If-None-Match: ${header}`)
  }
}
