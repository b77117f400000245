import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import t, { type Test } from 'tap'
import { CONSTANTS, type Config, ConfigError, loadConfig, unknownVariables } from '../src/config.js'
import { Variables } from '../src/config-schema.js'
import { privateKey } from './support/github-stub.js'

const DATABASE_URL = 'postgres://localhost/neptun'
const TOKEN = 't'.repeat(32)

const DEFAULTS: Config = {
  ...CONSTANTS,
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: 3000,
  LOG_LEVEL: 'info',
  DATABASE_URL,
  DATABASE_POOL_SIZE: 10,
  DATABASE_CONNECT_TIMEOUT: 800,
  DATABASE_ANSWER_TIMEOUT: 1000,
  DATABASE_LOCK_TIMEOUT: 500,
  SESSION_LOOKUP_TTL: 60_000,
  SESSION_LOOKUP_USER_ID_FIELD: 'user_id',
  SESSION_LOOKUP_EXPIRES_AT_FIELD: 'expires_at',
  MIGRATE_ON_START: true,
  MAX_PROJECT_BYTES: 16_777_216,
  GITHUB_API_URL: 'https://api.github.com',
  KEEP_ALIVE_TIMEOUT: 72_000,
  RATE_LIMIT_SESSION: 6000,
  RATE_LIMIT_ADDRESS: 3000,
  GITHUB_RATE_LIMIT_USER: 60,
  MAX_EVENT_LOOP_DELAY: 1000,
  HSTS_INCLUDE_SUBDOMAINS: true,
  SHUTDOWN_DELAY: 1000,
  SHUTDOWN_TIMEOUT: 10_000,
}

/** Asserts that the configuration is invalid. @returns the lines of the error message */
function problemsOf(t: Test, env: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig(env)
  } catch (error) {
    t.ok(error instanceof ConfigError, 'a ConfigError')
    return (error as ConfigError).message.split('\n')
  }
  t.fail('the configuration is rejected')
  return []
}

t.test('DATABASE_URL is the only required variable', async (t) => {
  t.strictSame(loadConfig({ DATABASE_URL }), DEFAULTS)
  t.strictSame(problemsOf(t, {}), [
    'DATABASE_URL is missing: it must be a URL of the form postgres://user:password@host:5432/database',
  ])
})

t.test('environment variables that are not variables of the service are ignored', async (t) => {
  t.strictSame(loadConfig({ DATABASE_URL, PATH: '/bin', port: '1', PORT_: 'x', MAX_IMPORTS: 'x' }), DEFAULTS)
})

t.test('an empty variable counts as unset, and white space around a value is ignored', async (t) => {
  const blank = Object.fromEntries(
    Object.keys(Variables.properties).map((name, index) => [name, index % 2 ? '' : ' \t\n']),
  )
  t.strictSame(loadConfig({ ...blank, DATABASE_URL }), DEFAULTS)
  t.strictSame(problemsOf(t, blank).length, 1, 'only the required variable is reported as missing')
  const padded = loadConfig({ DATABASE_URL: ` ${DATABASE_URL}\n`, PORT: ' 80 ', MIGRATE_ON_START: 'false ' })
  t.strictSame(padded, { ...DEFAULTS, PORT: 80, MIGRATE_ON_START: false })
})

t.test('every variable accepts its valid values', async (t) => {
  const valid: [name: keyof Variables, text: string, value: unknown][] = [
    ['NODE_ENV', 'production', 'production'],
    ['NODE_ENV', 'development', 'development'],
    ['NODE_ENV', 'test', 'test'],
    ['HOST', '0.0.0.0', '0.0.0.0'],
    ['HOST', '::1', '::1'],
    ['PORT', '0', 0],
    ['PORT', '65535', 65_535],
    ['TRUST_PROXY', '127.0.0.1, 10.0.0.0/8,fd00::/8', '127.0.0.1, 10.0.0.0/8,fd00::/8'],
    ['DATABASE_URL', 'postgresql://u:p@h:5432/d?sslmode=require', 'postgresql://u:p@h:5432/d?sslmode=require'],
    ['DATABASE_POOL_SIZE', '1', 1],
    ['DATABASE_POOL_SIZE', '200', 200],
    ['DATABASE_CONNECT_TIMEOUT', '1', 1],
    ['DATABASE_CONNECT_TIMEOUT', '600000', 600_000],
    ['DATABASE_ANSWER_TIMEOUT', '1', 1],
    ['DATABASE_LOCK_TIMEOUT', '1', 1],
    ['SESSION_IDLE_TIMEOUT', '1800000', 1_800_000],
    ['SESSION_MAX_AGE', '34560000000', 34_560_000_000],
    ['SESSION_LOOKUP_URL', 'http://h/session', 'http://h/session'],
    ['SESSION_LOOKUP_URL', 'https://h:8443/a?b=c', 'https://h:8443/a?b=c'],
    ['SESSION_LOOKUP_TTL', '1', 1],
    ['SESSION_LOOKUP_USER_ID_FIELD', 'data.user-1.id_2', 'data.user-1.id_2'],
    ['SESSION_LOOKUP_EXPIRES_AT_FIELD', 'exp', 'exp'],
    ['MIGRATE_ON_START', 'true', true],
    ['MIGRATE_ON_START', 'false', false],
    ['MAX_PROJECT_BYTES', '1', 1],
    ['MAX_PROJECT_BYTES', '1000000000', 1_000_000_000],
    ['GITHUB_API_URL', 'https://github.example.com/api/v3', 'https://github.example.com/api/v3'],
    ['GITHUB_WEBHOOK_SECRET', 'a secret', 'a secret'],
    ['KEEP_ALIVE_TIMEOUT', '1', 1],
    ['RATE_LIMIT_SESSION', '1', 1],
    ['RATE_LIMIT_ADDRESS', '1000000000', 1_000_000_000],
    ['SERVICE_TOKENS', TOKEN, TOKEN],
    ['SERVICE_TOKENS', `${TOKEN}, ${'a.-_~+/='.repeat(4)}`, `${TOKEN}, ${'a.-_~+/='.repeat(4)}`],
    ['GITHUB_RATE_LIMIT_USER', '1', 1],
    ['REDIS_URL', 'rediss://u:p@h:6379/0', 'rediss://u:p@h:6379/0'],
    ['MAX_EVENT_LOOP_DELAY', '1', 1],
    ['CORS_ORIGINS', 'https://a.example.com, http://[::1]:3000', 'https://a.example.com, http://[::1]:3000'],
    ['HSTS_INCLUDE_SUBDOMAINS', 'false', false],
    ['API_DOCS', 'true', true],
    ['API_DOCS', 'false', false],
    ['METRICS_PORT', '9464', 9464],
    ['SHUTDOWN_DELAY', '0', 0],
    ['SHUTDOWN_DELAY', '600000', 600_000],
    ['SHUTDOWN_TIMEOUT', '1', 1],
    ['SHUTDOWN_TIMEOUT', '600000', 600_000],
  ]
  for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']) {
    valid.push(['LOG_LEVEL', level, level])
  }
  for (const [name, text, value] of valid) {
    t.strictSame(loadConfig({ DATABASE_URL, [name]: text }), { ...DEFAULTS, [name]: value }, `${name}=${text}`)
  }
  const tried = new Set(valid.map(([name]) => name))
  // Valid only together with other variables: tested in test/github/app-credentials.test.ts and below.
  const dependent = [
    'GITHUB_APP_ID',
    'GITHUB_APP_PRIVATE_KEY',
    'GITHUB_WEBHOOK_SECRET_PREVIOUS',
    'INTERNAL_PORT',
  ] as const
  for (const name of dependent) tried.add(name)
  t.strictSame([...tried].sort(), Object.keys(Variables.properties).sort(), 'all variables are covered')
})

t.test('TRUST_PROXY accepts addresses and networks only', async (t) => {
  for (const invalid of [
    'x',
    '1',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'fd00::/129',
    '127.0.0.1, x',
  ]) {
    const line = 'TRUST_PROXY must be addresses or networks like 127.0.0.1, 10.0.0.0/8, separated by commas'
    t.strictSame(problemsOf(t, { DATABASE_URL, TRUST_PROXY: invalid }), [line], invalid)
  }
})

const WORDS = ['x', '1', 'TRUE', 'yes', 'null']
const NUMBERS = [
  'x',
  '-1',
  '+1',
  '1.0',
  '1e3',
  '0x10',
  '1_000',
  '1,000',
  '1 000',
  '10ms',
  '١',
  'Infinity',
  'NaN',
  'true',
]
NUMBERS.push('9'.repeat(30))
const SESSION_TIME = 'a number of milliseconds from 1 to 34560000000'
const MILLISECONDS = 'a number of milliseconds from 1 to 600000'

/** Invalid values of variables, with the requirement that the error message states. */
const INVALID: [name: keyof Variables, must: string, values: string[]][] = [
  ['NODE_ENV', 'production, development or test', [...WORDS, 'Production', 'prod', 'production,test']],
  ['PORT', 'a port number from 0 to 65535', [...NUMBERS, '65536', 'COM1']],
  ['LOG_LEVEL', 'fatal, error, warn, info, debug, trace or silent', [...WORDS, 'INFO', 'warning', '30']],
  [
    'DATABASE_URL',
    'a URL of the form postgres://user:password@host:5432/database',
    [...WORDS, 'mysql://h/d', 'http://h/d', 'h/d', 'postgres:h/d', 'postgres://', 'postgres://h', 'postgres://h/'],
  ],
  ['DATABASE_POOL_SIZE', 'an integer from 1 to 200', [...NUMBERS, '0', '201']],
  ['DATABASE_CONNECT_TIMEOUT', MILLISECONDS, [...NUMBERS, '0', '600001']],
  ['DATABASE_ANSWER_TIMEOUT', MILLISECONDS, [...NUMBERS, '0', '600001']],
  ['DATABASE_LOCK_TIMEOUT', MILLISECONDS, [...NUMBERS, '0', '600001']],
  ['SESSION_IDLE_TIMEOUT', SESSION_TIME, [...NUMBERS, '0', '34560000001']],
  ['SESSION_MAX_AGE', SESSION_TIME, [...NUMBERS, '0', '34560000001']],
  [
    'SESSION_LOOKUP_URL',
    'a URL of the form https://host/path, without a user name, password or fragment',
    [...WORDS, 'h/p', 'ftp://h', 'https://', 'https://u@h', 'https://u:p@h', 'https://:p@h', 'https://h/#f'],
  ],
  ['SESSION_LOOKUP_TTL', MILLISECONDS, [...NUMBERS, '0', '600001']],
  ['SESSION_LOOKUP_USER_ID_FIELD', 'names of fields, separated by dots', ['.', 'a.', '.a', 'a..b', 'a b', 'a[0]']],
  ['SESSION_LOOKUP_EXPIRES_AT_FIELD', 'names of fields, separated by dots', ['.', 'a.', '.a', 'a..b', 'a b', 'a[0]']],
  ['MIGRATE_ON_START', 'true or false', ['x', '1', '0', 'TRUE', 'False', 'yes', 'off', 'null']],
  ['MAX_PROJECT_BYTES', 'an integer from 1 to 1000000000', [...NUMBERS, '0', '1000000001']],
  ['GITHUB_API_URL', 'the URL of a GitHub REST API', [...WORDS, 'ftp://h', 'https://', 'https://u@h', 'https://h/?q']],
  ['GITHUB_WEBHOOK_SECRET', 'a secret of at least 8 characters', ['x', '1234567']],
  [
    'SERVICE_TOKENS',
    'one or two tokens of 32 to 512 letters, digits and - . _ ~ + / =, separated by a comma',
    [
      't'.repeat(31),
      't'.repeat(513),
      `${TOKEN},short`,
      `${TOKEN},${TOKEN},${TOKEN}`,
      `${'t'.repeat(32)}ä`,
      `${'t'.repeat(32)}"`,
      ',',
    ],
  ],
  ['INTERNAL_PORT', 'a port number from 0 to 65535', [...NUMBERS, '65536']],
  ['KEEP_ALIVE_TIMEOUT', MILLISECONDS, [...NUMBERS, '0', '600001']],
  ['RATE_LIMIT_SESSION', 'an integer from 1 to 1000000000', [...NUMBERS, '0', '1000000001']],
  ['RATE_LIMIT_ADDRESS', 'an integer from 1 to 1000000000', [...NUMBERS, '0', '1000000001']],
  ['GITHUB_RATE_LIMIT_USER', 'an integer from 1 to 1000000000', [...NUMBERS, '0', '1000000001']],
  [
    'REDIS_URL',
    'a URL of the form redis://user:password@host:6379/0',
    [
      ...WORDS,
      'http://h',
      'redis://',
      'redis://:a/b@h',
      'redis://h:99999999',
      'redis://h/name',
      'redis://u:%zz@h',
      'redis://h?db=1',
    ],
  ],
  ['MAX_EVENT_LOOP_DELAY', MILLISECONDS, [...NUMBERS, '0', '600001']],
  [
    'CORS_ORIGINS',
    'origins like https://app.example.com, without a default port, separated by commas',
    [
      ...WORDS,
      ...['*', 'https://a/', 'https://A', 'a.example.com', 'https://a,', 'https://a,,https://b', 'https://u@a'],
      ...['https://a:443', 'http://a:80', 'https://b, https://a:443', 'https://münchen.de', 'ws://a'],
      ...['https://*.example.com', 'https://a.com;b'],
    ],
  ],
  ['API_DOCS', 'true or false', ['x', '1', '0', 'TRUE', 'False', 'yes', 'off', 'null']],
  ['METRICS_PORT', 'a port number from 0 to 65535', [...NUMBERS, '65536']],
  ['SHUTDOWN_DELAY', 'a number of milliseconds from 0 to 600000', [...NUMBERS, '600001']],
  ['SHUTDOWN_TIMEOUT', MILLISECONDS, [...NUMBERS, '0', '600001']],
]

t.test('an invalid value is rejected with one line that names the requirement', async (t) => {
  for (const [name, must, values] of INVALID) {
    for (const value of values) {
      t.strictSame(problemsOf(t, { DATABASE_URL, [name]: value }), [`${name} must be ${must}`], `${name}=${value}`)
    }
  }
})

t.test('all invalid and missing variables are reported together, without their values', async (t) => {
  const secret = 'pa55word'
  const order = Object.keys(Variables.properties)
  // Almost any text is valid as the webhook secret or as the name of a field.
  const invalid = INVALID.filter(([name]) => name !== 'GITHUB_WEBHOOK_SECRET' && !name.endsWith('_FIELD')).sort(
    ([a], [b]) => order.indexOf(a) - order.indexOf(b),
  )
  const everything = Object.fromEntries(invalid.map(([name]) => [name, `${secret}-${name.toLowerCase()}`]))
  t.strictSame(
    problemsOf(t, everything),
    invalid.map(([name, must]) => `${name} must be ${must}`),
    'in the order of the schema',
  )
  const both = problemsOf(t, { PORT: secret })
  t.strictSame(both, [
    'PORT must be a port number from 0 to 65535',
    'DATABASE_URL is missing: it must be a URL of the form postgres://user:password@host:5432/database',
  ])
  for (const url of [`mysql://me:${secret}@localhost/x`, `postgres://me:${secret}@localhost`, `me:${secret}`]) {
    const [line, ...others] = problemsOf(t, { DATABASE_URL: url })
    t.match(line, /^DATABASE_URL must be a URL of the form postgres:/)
    t.notMatch(line, secret)
    t.same(others, [])
  }
})

/** DATA_DIR is read by `npm run dev` and the command line, not by the service. */
const DEVELOPMENT = {
  name: 'DATA_DIR',
  value: '.data',
  description:
    'Directory of the database that `npm run dev` starts. The command line also uses this variable; the service does not.',
}

const DOCUMENTED = [
  ...Object.entries(Variables.properties).map(([name, { default: value = '', description }]) => ({
    name,
    value: String(value),
    description,
  })),
  DEVELOPMENT,
]

t.test('.env.example lists every variable with its default and description', async (t) => {
  const text = await readFile(new URL('../.env.example', import.meta.url), 'utf8')
  const [introduction, ...blocks] = text.trimEnd().split('\n\n')
  t.match(introduction, /^# /)
  t.strictSame(
    blocks,
    DOCUMENTED.map(({ name, value, description }) => `# ${description}\n#${name}=${value}`),
  )
})

t.test('docs/configuration.md lists every variable with its default and description', async (t) => {
  const text = await readFile(new URL('../docs/configuration.md', import.meta.url), 'utf8')
  t.strictSame(
    text.split('\n').filter((line) => /^\| `[A-Z_]+` \|/.test(line)),
    DOCUMENTED.map(({ name, value, description }) => `| \`${name}\` | ${value && `\`${value}\``} | ${description} |`),
  )
})

t.test('the values in .env.example are the defaults', async (t) => {
  const text = await readFile(new URL('../.env.example', import.meta.url), 'utf8')
  const settings = [...text.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value])
  t.strictSame(loadConfig({ ...Object.fromEntries(settings), DATABASE_URL }), DEFAULTS)
})

t.test('variables that fail a check beyond JSON Schema are reported together with other invalid ones', async (t) => {
  const lines = problemsOf(t, { TRUST_PROXY: 'x', DATABASE_URL: 'x', GITHUB_APP_PRIVATE_KEY: 'x', PORT: 'x' })
  t.strictSame(lines, [
    'PORT must be a port number from 0 to 65535',
    'TRUST_PROXY must be addresses or networks like 127.0.0.1, 10.0.0.0/8, separated by commas',
    'DATABASE_URL must be a URL of the form postgres://user:password@host:5432/database',
    'GITHUB_APP_PRIVATE_KEY must be the RSA private key of the GitHub App, as PEM or base64-encoded PEM',
  ])
})

const SECRETS: Record<string, string> = {
  DATABASE_URL: 'postgres://someone:secret@h/d',
  GITHUB_WEBHOOK_SECRET: 'a webhook secret',
  GITHUB_WEBHOOK_SECRET_PREVIOUS: 'a former secret',
  GITHUB_APP_PRIVATE_KEY: privateKey,
  REDIS_URL: 'redis://:secret@h:6379',
  SERVICE_TOKENS: `${TOKEN},${'u'.repeat(32)}`,
}

/** Variables that a secret requires. */
const REQUIRED_WITH: Record<string, Record<string, string>> = {
  GITHUB_APP_PRIVATE_KEY: { GITHUB_APP_ID: '1' },
  GITHUB_WEBHOOK_SECRET_PREVIOUS: { GITHUB_WEBHOOK_SECRET: 'a webhook secret' },
}

t.test('every secret can be read from a file', async (t) => {
  const isSecret = ([, { secret }]: [string, TSchema]) => secret === true
  const declared = Object.entries(Variables.properties).filter(isSecret)
  t.strictSame(declared.map(([name]) => name).sort(), Object.keys(SECRETS).sort(), 'all variables are covered')
  const folder = t.testdir({ empty: ' \n', folder: {} })
  for (const [name, secret] of Object.entries(SECRETS)) {
    const path = join(folder, name)
    const others = { DATABASE_URL, ...REQUIRED_WITH[name] }
    const env = name === 'DATABASE_URL' ? {} : others
    const expected = loadConfig({ ...env, [name]: secret })
    const utf16 = Buffer.from(`\uFEFF${secret}`, 'utf16le')
    for (const content of [secret, `${secret}\n`, `${secret}\r\n`, `\uFEFF${secret}\n`, utf16]) {
      await writeFile(path, content)
      t.strictSame(loadConfig({ ...env, [name]: '', [`${name}_FILE`]: ` ${path}` }), expected)
    }
    t.strictSame(loadConfig({ ...env, [name]: secret, [`${name}_FILE`]: '' }), expected, 'an empty variable is unset')
    const both = { ...env, [name]: secret, [`${name}_FILE`]: path }
    t.strictSame(problemsOf(t, both), [`${name} and ${name}_FILE are both set: set only one of them`])
    for (const [file, reason] of [
      ['none', 'name a readable text file (ENOENT)'],
      ['folder', 'name a readable text file (EISDIR)'],
      ['empty', 'name a non-empty file'],
    ]) {
      const invalid = { ...env, [`${name}_FILE`]: join(folder, file ?? '') }
      t.strictSame(problemsOf(t, invalid), [`${name}_FILE must ${reason}`])
    }
  }
  await writeFile(join(folder, 'short'), 'x')
  const short = { DATABASE_URL, GITHUB_WEBHOOK_SECRET_FILE: join(folder, 'short') }
  t.strictSame(problemsOf(t, short), ['GITHUB_WEBHOOK_SECRET must be a secret of at least 8 characters'])
})

t.test('SESSION_LOOKUP_TTL must exceed the timeout of a lookup', async (t) => {
  const SESSION_LOOKUP_URL = 'https://sign-in.example.com/session'
  t.strictSame(problemsOf(t, { DATABASE_URL, SESSION_LOOKUP_URL, SESSION_LOOKUP_TTL: '3000' }), [
    'SESSION_LOOKUP_TTL must be more than 3000, the timeout of a lookup',
  ])
  t.equal(loadConfig({ DATABASE_URL, SESSION_LOOKUP_URL, SESSION_LOOKUP_TTL: '3001' }).SESSION_LOOKUP_TTL, 3001)
  t.equal(
    loadConfig({ DATABASE_URL, SESSION_LOOKUP_TTL: '1' }).SESSION_LOOKUP_TTL,
    1,
    'without a lookup, the TTL may be shorter than the timeout of a lookup',
  )
})

t.test('INTERNAL_PORT requires SERVICE_TOKENS and must differ from PORT', async (t) => {
  const SERVICE_TOKENS = TOKEN
  t.equal(loadConfig({ DATABASE_URL, SERVICE_TOKENS, INTERNAL_PORT: '3001' }).INTERNAL_PORT, 3001)
  t.equal(loadConfig({ DATABASE_URL, SERVICE_TOKENS, INTERNAL_PORT: '0', PORT: '0' }).INTERNAL_PORT, 0)
  t.strictSame(problemsOf(t, { DATABASE_URL, INTERNAL_PORT: '3001' }), [
    'SERVICE_TOKENS is missing: INTERNAL_PORT requires it',
  ])
  t.strictSame(problemsOf(t, { DATABASE_URL, SERVICE_TOKENS, INTERNAL_PORT: '3000' }), [
    'INTERNAL_PORT must differ from PORT: to use one port, leave INTERNAL_PORT unset',
  ])
})

t.test('a variable that is not secret is not read from a file', async (t) => {
  t.strictSame(loadConfig({ DATABASE_URL, PORT_FILE: '/none', HOST_FILE: '/none' }), DEFAULTS)
})

t.test('misspelled and unknown variables are reported, without their values', async (t) => {
  const env = {
    PATH: '/bin',
    HOSTNAME: 'h',
    SESSION_MANAGER: 'local/h:@/tmp',
    GITHUB_TOKEN: 'secret',
    PORTS: '1',
    DATABASE_URL: 'postgres://h/n',
    REDIS_URL_FILE: '/run/redis',
    DATABASE_POOL: 'secret',
    REDIS_URI: 'secret',
    Log_Level: 'secret',
    SHUTDOWN_GRACE: 'secret',
  }
  t.strictSame(unknownVariables(env), [
    'DATABASE_POOL is not a variable of this service',
    'REDIS_URI is not a variable of this service: did you mean REDIS_URL?',
    'Log_Level is not a variable of this service: did you mean LOG_LEVEL?',
    'SHUTDOWN_GRACE is not a variable of this service',
  ])
})

t.test('a variable that has become a constant has no effect, and is reported', async (t) => {
  const env = Object.fromEntries(Object.keys(CONSTANTS).map((name) => [name, '1']))
  t.strictSame(loadConfig({ ...env, DATABASE_URL }), DEFAULTS)
  t.strictSame(
    unknownVariables(env),
    Object.keys(CONSTANTS).map((name) => `${name} is not a variable of this service any more`),
  )
})
