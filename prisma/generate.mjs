// Runs `prisma generate` after an install, unless Prisma's command line is not installed (`npm install --omit=dev`).
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
