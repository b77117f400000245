import Fastify from 'fastify'
import t from 'tap'
import { ajvOptions } from '../../src/http/ajv.js'
import coercion from '../../src/http/coercion.js'

t.test('a boolean in a query must be true, false, 1 or 0, in any letter case', async (t) => {
  const app = Fastify({ ajv: ajvOptions })
  t.teardown(() => app.close())
  await app.register(coercion)
  const querystring = { type: 'object', properties: { flag: { type: 'boolean' } } }
  app.get('/', { schema: { querystring } }, async ({ query }) => query)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const send = async (query: string) => {
    const response = await fetch(`${url}/?${query}`)
    return response.status === 200 ? await response.json() : response.status
  }
  for (const text of ['true', 'True', 'TRUE', 'tRuE', '1'])
    t.strictSame(await send(`flag=${text}`), { flag: true }, text)
  for (const text of ['false', 'False', 'FALSE', '0']) t.strictSame(await send(`flag=${text}`), { flag: false }, text)
  for (const text of [
    '',
    'yes',
    'on',
    'no',
    '2',
    '01',
    '1.0',
    '-1',
    '%20true',
    'true%00',
    'null',
    'truе',
    '1&flag=1',
  ]) {
    t.equal(await send(`flag=${text}`), 400, JSON.stringify(text))
  }
  t.strictSame(await send(''), {}, 'a missing flag')
})
