import { readFile } from 'node:fs/promises'
import t from 'tap'
import { Config } from '../src/config.js'

t.test('docker-compose.yml passes on every setting of the service', async (t) => {
  const text = await readFile(new URL('../docker-compose.yml', import.meta.url), 'utf8')
  const [, environment = ''] = /^x-environment: .*\n((?: {2}.*\n)+)/m.exec(text) ?? []
  const names = [...environment.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name)
  t.same(names.sort(), [...Object.keys(Config.properties), 'PGPASSWORD'].sort())
})

t.test('the version on the image is that of package.json', async (t) => {
  const [dockerfile, manifest] = await Promise.all(
    ['../Dockerfile', '../package.json'].map((path) => readFile(new URL(path, import.meta.url), 'utf8')),
  )
  t.match(dockerfile, `\nARG VERSION=${JSON.parse(manifest ?? '').version}\n`)
})
