import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { Variables } from '../src/config-schema.js'
import { root } from './support/compiled.js'

const readText = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

t.test('compose.production.yml passes every variable to the service', async (t) => {
  const text = await readText('compose.production.yml')
  const [, environment = ''] = /NODE_ENV: production\n((?: {6}.*\n)+)/.exec(text) ?? []
  const names = [...environment.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name]) => name)
  t.same(['NODE_ENV', ...names].sort(), [...Object.keys(Variables.properties), 'PGPASSWORD'].sort())
})

t.test('the version label of the image equals that in package.json', async (t) => {
  const [dockerfile, manifest] = await Promise.all([readText('Dockerfile'), readText('package.json')])
  t.match(dockerfile, `\nARG VERSION=${JSON.parse(manifest).version}\n`)
})

/** Docker Compose: version 1 is a program, version 2 a plugin of Docker. */
const COMPOSE = [['docker-compose'], ['docker', 'compose']].find(
  ([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0,
)
const skip = COMPOSE === undefined && 'Docker Compose is not installed here'

/** Validates a Compose file with these variables, which override those in .env. */
function readCompose(file: string, variables: NodeJS.ProcessEnv): { status: number | null; text: string } {
  const [program = '', ...args] = COMPOSE ?? []
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...variables }
  const options = { cwd: root, env, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync(program, [...args, '-f', file, 'config'], options)
  return { status, text: stdout + stderr }
}

t.test('docker-compose.yml requires no variables, and listens on the loopback address', { skip }, async (t) => {
  const { status, text } = readCompose('docker-compose.yml', {})
  t.equal(status, 0, text)
  t.match(text, /127\.0\.0\.1/)
  t.notMatch(text, /NODE_ENV: production/)
})

t.test(
  'compose.production.yml requires POSTGRES_PASSWORD, limits resources, and uses a role that is not a superuser',
  { skip },
  async (t) => {
    const missing = readCompose('compose.production.yml', { POSTGRES_PASSWORD: '' })
    t.not(missing.status, 0)
    t.match(missing.text, 'POSTGRES_PASSWORD is missing')
    const { status, text } = readCompose('compose.production.yml', { POSTGRES_PASSWORD: 'p@ss/w$rd' })
    t.equal(status, 0, text)
    for (const limit of [/mem_limit/, /pids_limit/, /max-size: 10m/]) t.match(text, limit)
    t.match(text, 'postgres://neptun_service@postgres:5432/neptun', 'a role that is not a superuser')
  },
)
