// Runs a command and sees to it that it ends with whoever started this: when standard input ends, which it does
// however that process ended, the command and its process group get the first signal, later the second.
// Plain JavaScript, because it must start fast and must not depend on a loader.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const { command, args, options, signals, grace } = JSON.parse(process.argv[2])
const child = spawn(command, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'], detached: true })

child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(127)
})
child.on('exit', (code, signal) => {
  send('SIGKILL')
  process.exit(code ?? 128 + constants.signals[signal])
})

function send(signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // All of the group has ended.
  }
}

let stopping = false
function stop() {
  if (stopping) return
  stopping = true
  send(signals[0])
  setTimeout(() => send(signals[1]), grace)
}

process.stdin.on('end', stop).on('error', stop).resume()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
process.on('SIGQUIT', () => send(signals[1]))
