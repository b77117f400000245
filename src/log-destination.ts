import pino, { type DestinationStream } from 'pino'

/** In characters: some 60 lines. */
const CHUNK = 16 * 1024

/** No line waits longer, in milliseconds. */
const INTERVAL = 1000

/**
 * Standard output, to which lines are written many at a time, once a second at least and at the end: one by one they cost a
 * sixth of a request (docs/decisions/013). A `kill -9` takes those of the last second along.
 *
 * pino's own destination can wait for a number of bytes as well, but measures all that waits with every line.
 */
export function openLogDestination(): DestinationStream & { flushSync(): void } {
  const destination = pino.destination({ sync: false })
  let lines = ''
  const flush = () => {
    if (lines === '') return
    destination.write(lines)
    lines = ''
  }
  const flushSync = () => {
    flush()
    destination.flushSync()
  }
  setInterval(flush, INTERVAL).unref()
  process.once('exit', flushSync)
  return {
    write(line) {
      lines += line
      if (lines.length >= CHUNK) flush()
    },
    flushSync,
  }
}
