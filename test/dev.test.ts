import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chown, cp, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startPostgres } from '../dev/postgres.js'
import { readProcess } from '../dev/processes.js'
import { demo } from '../src/demo-data.js'
import { until } from './support/app.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const COOKIE = { cookie: `neptun-session=${demo.user.token}` }
const imports = (address: string) => `${address}/api/users/1/projects/789/resources/imports`
const NODE = [process.execPath, '--import', 'tsx', 'dev/run.ts']

/** A running `npm run dev`, or the script that it runs. */
interface Dev {
  pid: number
  output: () => string
  /** Waits until the service listens. Resolves to its URL. */
  address: () => Promise<string>
  exit: Promise<number | null>
}

interface Process {
  pid: number
  parent: number
  command: string
}

/** Environment variables that must not affect how `npm run dev` connects to PostgreSQL. */
const HOSTILE = {
  PGDATA: '/nonexistent',
  PGDATABASE: 'other',
  PGHOST: 'postgres.invalid',
  PGOPTIONS: '-c nonexistent=1',
  PGPASSWORD: 'other',
  PGPORT: '1',
  PGSSLMODE: 'require',
  PGUSER: 'other',
}

/** Data folder that the first test fills and the last test reuses. */
const reusedFolder = await temporaryFolder(t)

await t.test('several instances of npm run dev start and stop concurrently', async (t) => {
  t.jobs = 3

  t.test('npm run dev keeps its data, however it is stopped', { buffered: true }, async (t) => {
    const folder = reusedFolder
    let ids: number[] = []

    await t.test('the first start results in a working service', async (t) => {
      const dev = startDev(t, { DATA_DIR: folder })
      const address = await dev.address()
      const command = `curl -X POST '${address}/api/users/1/projects/789/resources/imports'`
      // npm run dev forwards the output of the service line by line: the command arrives after the address.
      await until(() => dev.output().includes(command), 'the command to try is printed')
      t.match(dev.output(), command)
      t.equal(await createImport(address), 201)
      ids = await listImports(address)
      t.same(ids, [123, 1001])
      t.equal((await stat(join(folder, 'database-url'))).mode & 0o777, 0o600)
      await t.test('SIGTERM stops all processes', (t) => endsAll(t, dev, dev.pid, 'SIGTERM', 0))
    })

    await t.test('after SIGKILL, the next start succeeds immediately', async (t) => {
      const killed = startDev(t, { DATA_DIR: folder })
      t.same(await listImports(await killed.address()), ids)
      const end = endsAll(t, killed, killed.pid, 'SIGKILL', null)
      const dev = startDev(t, { DATA_DIR: folder })
      await end
      const address = await dev.address()
      t.same(await listImports(address), ids)

      await t.test('a second instance with the same data folder is rejected', async (t) => {
        const second = startDev(t, { DATA_DIR: folder })
        t.equal(await second.exit, 1)
        const reason = `${folder} is in use by process ${dev.pid}: stop it, or set DATA_DIR to another folder`
        t.equal(second.output(), `dev: starting PostgreSQL in ${folder}\n${reason}\n`)
        t.same(await listImports(address), ids)
      })

      const postmaster = Number.parseInt(await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10)
      await t.test('npm run dev exits if PostgreSQL is killed', (t) => endsAll(t, dev, postmaster, 'SIGKILL', 1))
      t.match(dev.output(), /^dev: PostgreSQL ended unexpectedly/m)
    })
  })

  t.test('a service that is killed is reported', { buffered: true }, async (t) => {
    const folder = await temporaryFolder(t)

    await t.test('npm run dev exits if the service is killed', async (t) => {
      const dev = startDev(t, { DATA_DIR: folder })
      const { port } = new URL(await dev.address())

      await t.test('a second instance with the same port is rejected', async (t) => {
        const second = startDev(t, { DATA_DIR: `${folder}/unused`, PORT: port })
        t.equal(await second.exit, 1)
        const reason = `PORT: 127.0.0.1:${port} is in use; set PORT to another port`
        t.equal(second.output(), `${reason}\n`)
        t.notOk(existsSync(`${folder}/unused`))
      })

      const service = family(dev).find(({ command }) => command.includes('--input-type=module'))
      await endsAll(t, dev, service?.pid ?? 0, 'SIGKILL', 1)
      t.match(dev.output(), 'dev: the service ended unexpectedly (SIGKILL)\n')
    })
  })

  t.test('npm run dev starts even if an earlier run left files or processes behind', { buffered: true }, async (t) => {
    const folder = await temporaryFolder(t)
    await (await startPostgres({ folder })).stop()
    const cluster = join(await realpath(folder), 'postgres')
    const pidFile = join(cluster, 'postmaster.pid')

    await t.test('a PostgreSQL that is still running is stopped', async (t) => {
      const { exited } = await startPostgres({ folder })
      const dev = startDev(t, { DATA_DIR: folder })
      await exited
      t.same(await listImports(await dev.address()), [123])
      await endsAll(t, dev, dev.pid, 'SIGTERM', 0)
    })

    await t.test('an unrelated process with the pid from a stale postmaster.pid is left alone', async (t) => {
      const other = spawn('sleep', ['600'])
      t.teardown(() => other.kill('SIGKILL'))
      await writeFile(pidFile, `${other.pid}\n${cluster}\n`)
      if (process.getuid?.() === 0) await chown(pidFile, (await stat(cluster)).uid, (await stat(cluster)).gid)
      const dev = startDev(t, { DATA_DIR: folder })
      t.same(await listImports(await dev.address()), [123])
      await endsAll(t, dev, dev.pid, 'SIGTERM', 0)
      t.equal(other.exitCode ?? other.signalCode, null)
    })
  })

  t.test('of two concurrent first starts in one folder, one succeeds', { buffered: true }, async (t) => {
    const folder = await temporaryFolder(t)
    const both = [startDev(t, { DATA_DIR: folder }), startDev(t, { DATA_DIR: folder })] as const
    const [loser, winner] = await Promise.race([
      both[0].exit.then(() => both),
      both[1].exit.then(() => [both[1], both[0]] as const),
    ])
    t.equal(await loser.exit, 1)
    t.match(
      loser.output(),
      new RegExp(`^${folder} is in use by .*: stop it, or set DATA_DIR to another folder\n$`, 'm'),
    )
    t.same(await listImports(await winner.address()), [123])
    await endsAll(t, winner, winner.pid, 'SIGTERM', 0)
  })

  t.test('npm run dev starts after a first start that was interrupted', { buffered: true }, async (t) => {
    const folder = await temporaryFolder(t)
    const isPartial = (name: string) => name.startsWith('postgres.partial-')
    for (const [signal, code] of [
      ['SIGKILL', null],
      ['SIGINT', 0],
    ] as const) {
      const before = readdirSync(folder).filter(isPartial)
      const dev = startDev(t, { DATA_DIR: folder })
      const isCreating = () => readdirSync(folder).some((name) => isPartial(name) && !before.includes(name))
      await until(isCreating, 'the first start creates a cluster', 60_000)
      await endsAll(t, dev, dev.pid, signal, code)
    }
    t.same(readdirSync(folder).sort(), ['database-url', 'postgres', 'postgres.log'])
    const dev = startDev(t, { DATA_DIR: folder })
    t.same(await listImports(await dev.address()), [123])
    await endsAll(t, dev, dev.pid, 'SIGTERM', 0)
  })

  t.test('npm run dev rejects invalid settings immediately', { buffered: true }, async (t) => {
    const DATA_DIR = join(await temporaryFolder(t), 'unused')
    const refusals = [
      [{ NODE_ENV: 'production' }, 'NODE_ENV is production, but "npm run dev" is for development only\n'],
      [{ PORT: '65536' }, 'PORT must be a port number from 0 to 65535\n'],
      [
        { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
        'DATABASE_URL: the database cannot be used: connect ECONNREFUSED 127.0.0.1:1\n',
      ],
      [
        { DATA_DIR: '/dev/null/data' },
        /^dev: starting PostgreSQL in .*\nDATA_DIR: cannot create or write to \/dev\/null\/data \(ENOTDIR\)\n$/,
      ],
      [{ HOST: '192.0.2.1' }, /^HOST, PORT: cannot listen on 192\.0\.2\.1:0 \(EADDRNOTAVAIL\)\n$/],
    ] as const
    for (const [env, reason] of refusals) {
      const dev = startDev(t, { DATA_DIR, ...env })
      t.equal(await dev.exit, 1)
      if (typeof reason === 'string') t.equal(dev.output(), reason)
      else t.match(dev.output(), reason)
    }
    t.notOk(existsSync(DATA_DIR))
  })
})

t.test('npm run dev restarts the service when its source changes, and stops when npm is killed', async (t) => {
  const checkout = await copyCheckout(t)
  const dev = startDev(t, { DATA_DIR: reusedFolder }, ['npm', 'run', 'dev'], checkout)
  const address = await dev.address()
  const source = join(checkout, 'src/config.ts')
  const code = await readFile(source, 'utf8')

  await writeFile(source, `${code}\nconst = 1\n`)
  await until(() => dev.output().includes('src/config.ts:'), 'the error is reported')
  t.match(dev.output(), /ERROR.* Expected identifier but found "="/)
  t.same(await listImports(address), [123, 1001], 'the service keeps running')
  t.notMatch(dev.output(), 'dev: the source changed')

  await writeFile(source, code)
  await until(() => dev.output().includes('dev: the source changed: restarting\n'), 'the change is noticed')
  await until(() => dev.output().includes('dev: restarted\n'), 'the service has restarted')
  t.same(await listImports(address), [123, 1001])
  await endsAll(t, dev, dev.pid, 'SIGKILL', null)
})

/** Copies the files that `npm run dev` needs to a temporary folder, in which a test can change them. */
async function copyCheckout(t: Test): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const name of ['src', 'dev', 'prisma', 'package.json', 'tsconfig.json']) {
    await cp(join(root, name), join(folder, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Sends a signal to one of the processes, and waits until all of them have exited. */
async function endsAll(t: Test, dev: Dev, pid: number, signal: NodeJS.Signals, code: number | null) {
  const all = family(dev)
  t.ok(all.length > 1)
  process.kill(pid, signal)
  t.equal(await dev.exit, code)
  const left = () => all.filter(({ pid, command }) => readProcess(pid)?.command === command)
  await until(() => left().length === 0, `${all.map(({ command }) => command)} have exited`)
}

function startDev(t: Test, env: Record<string, string>, command = NODE, cwd = root): Dev {
  // An empty variable counts as unset, and keeps a developer's own .env from setting it.
  const unset = { NODE_ENV: '', HOST: '', LOG_LEVEL: '', DATABASE_URL: '', npm_lifecycle_event: undefined }
  // tap's value of NODE_OPTIONS would slow down every start of Node.js.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', ...command], {
    cwd,
    env: { ...process.env, ...unset, ...HOSTILE, PORT: '0', ...env },
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  const address = async () => {
    const find = () => /^Listening on (\S+)/m.exec(output)?.[1]
    await Promise.race([
      until(() => find() !== undefined, 'the service listens', 30_000),
      exit.then(() => Promise.reject(new Error(`npm run dev exited: ${output}`))),
    ])
    return find() ?? ''
  }
  return { pid: child.pid ?? 0, output: () => output, address, exit }
}

/** Returns a process and all of its descendants. */
function family({ pid }: Dev): Process[] {
  const all = processIds().flatMap((pid) => {
    const info = readProcess(pid)
    return info?.command ? [{ pid, ...info }] : []
  })
  const found = all.filter((process) => process.pid === pid)
  // The array grows during this loop.
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid))
  return found
}

function processIds(): number[] {
  const names =
    process.platform === 'linux' ? readdirSync('/proc') : execFileSync('ps', ['-axo', 'pid=']).toString().split('\n')
  return names.map(Number).filter((pid) => pid > 0)
}

async function createImport(address: string): Promise<number> {
  const response = await fetch(imports(address), {
    method: 'POST',
    headers: { ...COOKIE, 'content-type': 'application/json' },
    body: JSON.stringify({ source_type: 'github', source_path: 'username/repository' }),
  })
  return response.status
}

async function listImports(address: string): Promise<number[]> {
  const response = await fetch(imports(address), { headers: COOKIE })
  const body = (await response.json()) as { imports: { id: number }[] }
  return body.imports.map(({ id }) => id)
}

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-dev-'))
  t.teardown(() => rm(folder, { recursive: true, maxRetries: 10 }))
  return folder
}
