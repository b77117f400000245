import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readProcess } from '../dev/processes.js'
import { ConfigError, loadEnvFile } from '../src/environment.js'
import { until } from './support/app.js'
import { compiled, root } from './support/compiled.js'
import { createDatabase } from './support/database.js'

/** Loads a `.env` file with this content. @returns the variables that it has set */
async function load(t: Test, content: string | Buffer): Promise<Record<string, string | undefined>> {
  for (const name of Object.keys(process.env)) if (name.includes('ENV_')) delete process.env[name]
  t.chdir(t.testdir())
  await writeFile('.env', content)
  const names = [...loadEnvFile()]
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}

t.test('a .env file is read in all formats that editors and shells write', async (t) => {
  const both = { ENV_A: '1', ENV_B: 'two words' }
  const forms: [name: string, content: string | Buffer][] = [
    ['plain', 'ENV_A=1\nENV_B=two words\n'],
    ['without a final line break', 'ENV_A=1\nENV_B=two words'],
    ['Windows line endings', 'ENV_A=1\r\nENV_B=two words\r\n'],
    ['a byte order mark', '\uFEFFENV_A=1\nENV_B=two words\n'],
    ['a byte order mark and Windows line endings', '\uFEFFENV_A=1\r\nENV_B=two words\r\n'],
    ['UTF-16, as PowerShell writes', Buffer.from('\uFEFFENV_A=1\r\nENV_B=two words\r\n', 'utf16le')],
    ['UTF-16 in big-endian order', Buffer.from('\uFEFFENV_A=1\nENV_B=two words\n', 'utf16le').swap16()],
    ['double quotes', 'ENV_A="1"\nENV_B="two words"\n'],
    ['single quotes and Windows line endings', "ENV_A='1'\r\nENV_B='two words'\r\n"],
    ['export', 'export ENV_A=1\nexport  ENV_B="two words"\n'],
    ['export after a byte order mark', '\uFEFFexport ENV_A=1\r\n\texport\tENV_B=two words\r\n'],
    ['white space', '  ENV_A = 1  \n\n ENV_B =two words \n'],
    ['comments', '# a comment\n#ENV_C=1\nENV_A=1 # one\nENV_B="two words" # two\n'],
  ]
  for (const [name, content] of forms) t.same(await load(t, content), both, name)
  t.same(
    await load(t, "ENV_A='a # b'\nENV_B=\n"),
    { ENV_A: 'a # b', ENV_B: '' },
    '# in quotes does not start a comment',
  )
  t.same(
    await load(t, 'ENV_A="first\nsecond"\n'),
    { ENV_A: 'first\nsecond' },
    'a value of several lines, such as a key',
  )
  t.same(await load(t, ''), {}, 'an empty file')
})

t.test('a variable in the environment, even an empty one, takes precedence over .env', async (t) => {
  await load(t, '')
  Object.assign(process.env, { ENV_A: 'given', ENV_B: '' })
  await writeFile('.env', 'ENV_A=1\nENV_B=2\nENV_C=3\n')
  t.same([...loadEnvFile()], ['ENV_C'])
  t.same([process.env['ENV_A'], process.env['ENV_B'], process.env['ENV_C']], ['given', '', '3'])
})

t.test('a missing .env file is ignored, and an unreadable one is an error', async (t) => {
  await load(t, Buffer.from([0x41, 0x3d, 0xff])).then(
    () => t.fail('a file that is not UTF-8 is an error'),
    (error) =>
      t.strictSame(error, new ConfigError('.env must be a readable text file (ERR_ENCODING_INVALID_ENCODED_DATA)')),
  )
  await rm('.env')
  t.same(loadEnvFile(), new Set())
  await mkdir('.env')
  t.throws(() => loadEnvFile(), new ConfigError('.env must be a readable text file (EISDIR)'))
})

/** Runs an entry point as a process in this folder, until it exits. */
function run(entry: 'src/server.ts' | 'src/cli.ts', args: string[], cwd: string, env: NodeJS.ProcessEnv) {
  return new Promise((resolve) => {
    execFile(process.execPath, [compiled(entry), ...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

t.test('a failed start prints one line that names the variable, or .env', async (t) => {
  const databaseUrl = await createDatabase(t)
  const conda = 'x86_64-conda-linux-gnu'
  const hint = 'some tools set it, such as conda\n'
  const table: [env: NodeJS.ProcessEnv, file: string | undefined, stderr: string | RegExp][] = [
    [
      { DATABASE_URL: databaseUrl, HOST: conda },
      undefined,
      new RegExp(`^HOST: cannot listen on "${conda}" \\([A-Z_]+\\): HOST is set in the environment; ${hint}$`),
    ],
    [{ DATABASE_URL: databaseUrl }, `HOST=${conda}`, /: HOST is set in \.env\n$/],
    [{ DATABASE_URL_FILE: '/none' }, undefined, 'DATABASE_URL_FILE must name a readable text file (ENOENT)\n'],
    [
      { DATABASE_URL: databaseUrl, DATABASE_URL_FILE: '/none' },
      undefined,
      'DATABASE_URL and DATABASE_URL_FILE are both set: set only one of them\n',
    ],
    [{}, 'METRICS_PORT=x\nDATABASE_URL=postgres://h/d', 'METRICS_PORT must be a port number from 0 to 65535\n'],
    [{}, 'DATABASE_URL=postgres://u:s3/cret@h/d', /^DATABASE_URL must percent-encode special characters .*\n$/],
    [{ DATABASE_URL: 'postgres://u:p@a,b/d' }, undefined, 'DATABASE_URL must name only one host\n'],
  ]
  for (const [env, file, stderr] of table) {
    const folder = t.testdir(file === undefined ? {} : { '.env': file })
    const outcome = await run('src/server.ts', [], folder, { PORT: '0', LOG_LEVEL: 'silent', ...env })
    t.match(outcome, { code: 1, stdout: '', stderr }, String(stderr))
  }
  const unreadable = t.testdir({ '.env': {} })
  const stderr = '.env must be a readable text file (EISDIR)\n'
  t.same(await run('src/server.ts', [], unreadable, {}), { code: 1, stdout: '', stderr })
  t.same(await run('src/cli.ts', ['user', 'list'], unreadable, {}), { code: 1, stdout: '', stderr: `error: ${stderr}` })
})

/** Starts the service with `npm start`, in a new package with the same script. */
async function startByNpm(t: Test, env: NodeJS.ProcessEnv = {}) {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const cwd = t.testdir({
    'package.json': JSON.stringify({ name: 'service', type: 'module', scripts: { start: scripts.start } }),
    '.env': `\uFEFFDATABASE_URL=${await createDatabase(t)}\n`,
    dist: { 'server.js': `import ${JSON.stringify(compiled('src/server.ts'))}\n` },
  })
  // Remove the variables of tap and of the npm that runs this test.
  const { NODE_OPTIONS: _, npm_lifecycle_event: __, ...inherited } = process.env
  const settings = { DATABASE_URL: '', NODE_ENV: 'test', PORT: '0', HOST: '', LOG_LEVEL: '', SHUTDOWN_DELAY: '0' }
  const child = spawn('npm', ['start'], { cwd, env: { ...inherited, ...settings, ...env }, detached: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exit = once(child, 'exit')
  const find = () => output.split('\n').find((line) => line.includes('Listening on'))
  await Promise.race([until(() => find() !== undefined, 'the service listens', 60_000), exit])
  t.ok(find(), output)
  const { pid, msg } = JSON.parse(find() ?? '{}') as { pid: number; msg: string }
  t.teardown(() => readProcess(pid) && process.kill(pid, 'SIGKILL'))
  return { npm: child.pid ?? 0, pid, msg, exit, output: () => output }
}

const skip = process.platform === 'win32' && 'Windows has no signals'

t.test('a SIGTERM to npm start ends the service, and then npm', { skip }, async (t) => {
  const { npm, pid, msg, exit } = await startByNpm(t, { DATABASE_URL: undefined })
  t.match(msg, /^Listening on http:\/\/127\.0\.0\.1:\d+ \(HOST is not set\)$/)
  process.kill(npm, 'SIGTERM')
  t.same(await exit, [0, null])
  t.equal(readProcess(pid), undefined, 'the service has ended')
})

t.test('a signal that reaches the service both directly and through npm counts once', { skip }, async (t) => {
  const { npm, pid, msg, exit, output } = await startByNpm(t, { DATABASE_URL: undefined, HOST: 'localhost' })
  t.match(msg, /\(HOST is set in the environment\)$/)
  // Like a terminal on Ctrl-C.
  process.kill(-npm, 'SIGINT')
  await exit
  await until(() => readProcess(pid) === undefined, 'the service has ended', 60_000)
  t.notMatch(output(), 'second SIGINT')
})

t.test('the service ends if npm is killed', { skip }, async (t) => {
  const { npm, pid, exit } = await startByNpm(t, { DATABASE_URL: undefined })
  process.kill(npm, 'SIGKILL')
  await exit
  await until(() => readProcess(pid) === undefined, 'the service has ended', 60_000)
})
