import t from 'tap'
import { nextPage, resources, startApp } from '../support/app.js'

const service = await startApp(t)
const TEXT = 'x'.repeat(100_000)

const LISTS = [
  { path: '/imports', body: { source_type: 'local', source_path: '/srv/app', description: '\u0001'.repeat(10_000) } },
  {
    path: '/files',
    body: { title: 'a', original_path: 'a', context_file_category: 'c', context_file_type: 't', text: TEXT },
  },
  { path: '/user-files', body: { title: 'a', text: TEXT, language: 'x', extension: 'x' } },
]

for (const { path, body } of LISTS) {
  t.test(`a page of ${path} has as many rows as its limit, even if they are large`, async (t) => {
    const ids: number[] = []
    for (let count = 0; count < 12; count += 1) {
      const created = await service.call('POST', resources(path), { body })
      t.equal(created.status, 201)
      ids.push((created.body.import ?? created.body.file ?? created.body).id)
    }
    const newestFirst = path === '/user-files'
    const first = await service.call('GET', `${resources(path)}?limit=10`)
    const second = await service.call('GET', nextPage(resources(path), first) ?? 'no next page')
    const idsOf = ({ body }: typeof first) => (body.imports ?? body.files ?? body).map(({ id }: { id: number }) => id)
    const inOrder = newestFirst ? ids.reverse() : ids
    t.strictSame(idsOf(first), inOrder.slice(0, 10))
    t.strictSame(idsOf(second), inOrder.slice(10))
    t.equal(second.headers.get('link'), null)
  })
}
