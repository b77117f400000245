import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from './app.js'

const PATHS = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/bin/nginx', '/opt/homebrew/bin/nginx']
const NGINX = PATHS.find(existsSync)

/** Value for the option `skip` of a test. */
export const withoutNginx = NGINX ? false : 'nginx is not installed'

/** Returns the directive `proxy_pass` for the service. */
export const upstream = (url: string) => `proxy_pass ${url.replace(/\/$/, '')}`

/**
 * Starts nginx with one server, and stops it after the test.
 *
 * @param server directives for the `server` block, such as locations
 * @param http directives for the `http` block
 * @returns `http://127.0.0.1:PORT`
 */
export async function startNginx(t: Test, server: string, http = ''): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-nginx-'))
  const port = await findFreePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const configuration = `
    daemon off;
    worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid ${folder}/pid;
    error_log ${folder}/error.log;
    events { worker_connections 256; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
      proxy_cache_path ${folder}/cache keys_zone=cache:1m;
      ${http}
      server { listen 127.0.0.1:${port}; ${server} }
    }`
  await writeFile(join(folder, 'nginx.conf'), configuration)
  const child = spawn(NGINX ?? '', ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'inherit' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}`
  await until(
    () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    'nginx accepts connections',
  )
  return url
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
