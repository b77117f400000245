import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { loadConfig } from '../../src/config.js'
import { privateKey } from '../support/github-stub.js'

const env = { DATABASE_URL: 'postgres://a@b/c' }
const WRONG = 'GITHUB_APP_PRIVATE_KEY must be the RSA private key of the GitHub App, as PEM or base64-encoded PEM'

const load = (key: string) => loadConfig({ ...env, GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: key })

t.test('the private key of the App is accepted as PEM, as PEM with escaped line breaks, and as base64', async (t) => {
  const pem = load(privateKey).GITHUB_APP_PRIVATE_KEY
  t.match(pem, /^-----BEGIN PRIVATE KEY-----\n/)
  const base64 = Buffer.from(privateKey).toString('base64')
  const forms = {
    'PEM with escaped line breaks': privateKey.replaceAll('\n', '\\n'),
    'PEM with Windows line breaks': privateKey.replaceAll('\n', '\r\n'),
    base64,
    'base64 in lines': base64.replace(/.{76}/g, '$&\n'),
    'PKCS#8': pem as string,
  }
  for (const [name, key] of Object.entries(forms)) t.equal(load(key).GITHUB_APP_PRIVATE_KEY, pem, name)
})

t.test('a value that is not an RSA private key is rejected, and the message does not contain it', async (t) => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const keys = {
    'a public key': createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    'a key of another type': other.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'half a key': privateKey.slice(0, 800),
    'any text': 'not-a-key',
    'the first line only': '-----BEGIN RSA PRIVATE KEY-----',
  }
  for (const [name, key] of Object.entries(keys))
    t.throws(() => load(key), { name: 'ConfigError', message: WRONG }, name)
})

t.test('the id and private key of the App must be set together', async (t) => {
  t.throws(() => loadConfig({ ...env, GITHUB_APP_ID: '1' }), {
    message: 'GITHUB_APP_PRIVATE_KEY is missing: GITHUB_APP_ID requires it',
  })
  t.throws(() => loadConfig({ ...env, GITHUB_APP_PRIVATE_KEY: privateKey }), {
    message: 'GITHUB_APP_ID is missing: GITHUB_APP_PRIVATE_KEY requires it',
  })
  t.equal(loadConfig({ ...env, GITHUB_APP_ID: '', GITHUB_APP_PRIVATE_KEY: ' ' }).GITHUB_APP_ID, undefined)
})

t.test('GITHUB_APP_ID is a client id or an app id', async (t) => {
  const loadId = (id: string) =>
    loadConfig({ ...env, GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: privateKey }).GITHUB_APP_ID
  for (const id of ['1', '1234567', '2147483648', 'Iv23liABCDEFghij1234', 'Iv1.8a61f9b3a7aba766'])
    t.equal(loadId(id), id)
  for (const id of ['0', '-1', '1.5', '01', 'my-app', 'Iv', 'iv23liABCDEFghij1234', 'Iv23li ABCDEFghij', 'https://x']) {
    t.throws(() => loadId(id), { message: 'GITHUB_APP_ID must be the client id or the app id of a GitHub App' }, id)
  }
})

t.test('the previous webhook secret requires the current one', async (t) => {
  const both = { GITHUB_WEBHOOK_SECRET: 'the new one', GITHUB_WEBHOOK_SECRET_PREVIOUS: 'the previous one' }
  t.match(loadConfig({ ...env, ...both }), both)
  t.throws(() => loadConfig({ ...env, GITHUB_WEBHOOK_SECRET_PREVIOUS: 'the previous one' }), {
    message: 'GITHUB_WEBHOOK_SECRET is missing: GITHUB_WEBHOOK_SECRET_PREVIOUS requires it',
  })
  t.throws(() => loadConfig({ ...env, ...both, GITHUB_WEBHOOK_SECRET_PREVIOUS: 'short' }), {
    message: 'GITHUB_WEBHOOK_SECRET_PREVIOUS must be a secret of at least 8 characters',
  })
})
