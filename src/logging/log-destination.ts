import { write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** Number of buffered characters that causes a write: about 60 lines. */
const CHUNK_SIZE = 16 * 1024

/** Maximum time for which a line is buffered, in milliseconds. */
const FLUSH_INTERVAL = 1000

/** Maximum number of characters that are buffered while the destination is blocked. Further lines are dropped. */
const MAX_PENDING = 4 * 1024 * 1024

/** Delay before a write to a full pipe or terminal (EAGAIN) is retried, in milliseconds. */
const RETRY_DELAY = 100

export interface LogDestination extends DestinationStream {
  /** Returns the number of lines that were lost: the disk was full, or the reader had exited or was not reading. */
  lostLines(): number
  /** Waits until all lines are written, for at most `timeout` milliseconds. */
  drain(timeout: number): Promise<void>
}

/**
 * Opens the log destination, standard output. It writes in batches to save CPU time (docs/decisions/013), so the lines
 * of the last second are lost after `kill -9`. Writes are asynchronous, and lines that cannot be written are dropped: a
 * full disk or a blocked pipe must not delay a request or the shutdown. `pino.destination` is not used: at exit, it
 * retries a failed flush forever.
 *
 * @param options.isBuffered whether to write in batches; `false` writes each line immediately, for development
 */
export function openLogDestination({ isBuffered }: { isBuffered: boolean }): LogDestination {
  const { fd } = process.stdout
  const chunkSize = isBuffered ? CHUNK_SIZE : 1
  let pending = ''
  let isWriting = false
  let lost = 0
  let onIdle: (() => void) | undefined

  function flush(): void {
    if (isWriting || pending === '') return
    const chunk = Buffer.from(pending)
    pending = ''
    writeChunk(chunk)
  }

  function writeChunk(chunk: Buffer): void {
    isWriting = true
    write(fd, chunk, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(writeChunk, RETRY_DELAY, chunk).unref()
      if (!error && written < chunk.length) return writeChunk(chunk.subarray(written))
      isWriting = false
      if (error) lost += countLines(chunk)
      if (pending.length >= chunkSize || onIdle) flush()
      if (!isWriting) onIdle?.()
    })
  }

  setInterval(flush, FLUSH_INTERVAL).unref()
  process.once('exit', () => {
    // If a write is still in progress, it may be blocked, and another (synchronous) one would then block the exit.
    if (isWriting || pending === '') return
    try {
      writeSync(fd, pending)
    } catch {
      // The process is exiting, so the error cannot be reported.
    }
  })

  return {
    write(line) {
      if (pending.length > MAX_PENDING) {
        lost += 1
        return
      }
      pending += line
      if (pending.length >= chunkSize) flush()
    },
    lostLines: () => lost,
    async drain(timeout) {
      if (!isWriting && pending === '') return
      await new Promise<void>((resolve) => {
        onIdle = resolve
        setTimeout(resolve, timeout)
        flush()
      })
      onIdle = undefined
    },
  }
}

const NEWLINE = 10

function countLines(chunk: Buffer): number {
  return chunk.reduce((count, byte) => count + (byte === NEWLINE ? 1 : 0), 0)
}
