import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Locator, type Page } from 'playwright-core'
import t from 'tap'
import { seedDemoData } from '../../src/demo-data.js'
import { startApp } from '../support/app.js'
import { COMPILED, root } from '../support/compiled.js'
import { startNginx, upstream, withoutNginx } from '../support/nginx.js'

const BROWSERS = [
  process.env['CHROMIUM_PATH'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const executablePath = BROWSERS.find((path) => path !== '' && existsSync(path))
const skip = executablePath ? false : 'Chromium is not installed here: install it, or set CHROMIUM_PATH'

/** Folder of the screenshots, which is ignored by Git. */
const FOLDER = join(root, COMPILED, 'screenshots')

t.test('in development, the docs page has a session and can send requests', { skip }, async (t) => {
  const options = { rows: (databaseUrl: string) => seedDemoData(databaseUrl, 'development') }
  const { url } = await startApp(t, { NODE_ENV: 'development' }, options)
  const browser = await chromium.launch({ executablePath: executablePath ?? '' })
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } })
  const problems = watch(page, url)
  await mkdir(FOLDER, { recursive: true })

  await page.goto(`${url}/docs`)
  const post = await open(page, 'createImport')
  await page.screenshot({ path: join(FOLDER, 'page.png') })
  t.match(await post.locator('textarea').inputValue(), '"source_path": "username/repository"')
  const created = await execute(post)
  t.equal(created.status, '201')
  t.match(JSON.parse(created.body), { import: { id: 1001, title: 'My GitHub Import', neptun_user_id: 1 } })
  await page.screenshot({ path: join(FOLDER, 'response.png') })

  const get = await open(page, 'listImports')
  const listed = await execute(get)
  t.equal(listed.status, '200')
  t.match(JSON.parse(listed.body), { imports: [{ id: 123 }, { id: 1001 }] })

  await t.test('the Authorize button changes the session', async (t) => {
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    const dialog = page.locator('.dialog-ux')
    await dialog.locator('input').first().fill('other-session-cookie')
    await dialog.getByRole('button', { name: 'Apply credentials' }).first().click()
    await dialog.getByRole('button', { name: 'Close' }).first().click()
    const forbidden = await execute(get)
    t.equal(forbidden.status, '403')
    t.equal(JSON.parse(forbidden.body).code, 'USER_MISMATCH')
  })

  t.same(problems, [], 'no requests to other origins, and no violations of the security policy')
})

t.test('the docs page works behind a proxy that strips a prefix', { skip: skip || withoutNginx }, async (t) => {
  const options = { rows: (databaseUrl: string) => seedDemoData(databaseUrl, 'development') }
  const { url } = await startApp(t, { NODE_ENV: 'development' }, options)
  const proxy = await startNginx(t, `location /neptun/ { ${upstream(url)}/; }`)
  const browser = await chromium.launch({ executablePath: executablePath ?? '' })
  t.teardown(() => browser.close())
  for (const path of ['/neptun/docs', '/neptun/docs/']) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } })
    const problems = watch(page, proxy)
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(proxy + path)
    const listed = await execute(await open(page, 'listImports'))
    t.equal(listed.status, '200')
    t.match(JSON.parse(listed.body), { imports: [{ id: 123 }] })
    t.ok(
      requests.some((address) => address.startsWith(`${proxy}/neptun/api/`)),
      'the call goes through the proxy',
    )
    t.same(problems, [], `no problems at ${path}`)
    await page.close()
  }
})

/** Collects requests to other origins, and errors of the page, except a response with status 403. */
function watch(page: Page, url: string): string[] {
  const problems: string[] = []
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== url) problems.push(request.url())
  })
  page.on('console', (message) => {
    if (message.type() !== 'error' || message.text().includes('the server responded with a status of 403')) return
    problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(error.message))
  return problems
}

async function open(page: Page, operationId: string): Promise<Locator> {
  const operation = page.locator(`.opblock[id$="-${operationId}"]`)
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('.execute').waitFor()
  return operation
}

/** Sends a request from the page. @returns the response that the page shows */
async function execute(operation: Locator): Promise<{ status: string; body: string }> {
  const received = operation.page().waitForResponse((response) => response.url().includes('/api/'))
  await operation.locator('.execute').click()
  const status = String((await received).status())
  const shown = operation.locator('.live-responses-table .response')
  await shown.locator('.response-col_status', { hasText: status }).waitFor()
  return {
    status,
    body: await shown.locator('.response-col_description code, .response-col_description pre').first().innerText(),
  }
}
