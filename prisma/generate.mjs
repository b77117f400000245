// Runs `prisma generate` after an install if Prisma's command line is installed. `npm install --omit=dev` omits it.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

let packageFile
try {
  packageFile = createRequire(import.meta.url).resolve('prisma/package.json')
} catch {
  process.exit(0)
}
const cli = join(dirname(packageFile), 'build/index.js')
const { status } = spawnSync(process.execPath, [cli, 'generate', '--no-hints'], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
process.exit(status ?? 1)
