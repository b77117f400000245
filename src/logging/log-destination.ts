import { write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** Size of a write, in characters: about 60 lines. */
const CHUNK_SIZE = 16 * 1024

/** Maximum time that a line is buffered, in milliseconds. */
const FLUSH_INTERVAL = 1000

/** Maximum number of characters that are buffered while the destination accepts nothing; further lines are dropped. */
const MAX_PENDING = 4 * 1024 * 1024

/** Delay before a write is retried if a pipe or terminal is full (EAGAIN), in milliseconds. */
const RETRY_DELAY = 100

export interface LogDestination extends DestinationStream {
  /** Number of lines that could not be written: the disk is full, the reader is gone, or it does not read. */
  lostLines(): number
  /** Waits until everything is written, but at most `timeout` milliseconds. */
  drain(timeout: number): Promise<void>
}

/**
 * Opens the destination of the log. It writes many lines at a time, because a write per line costs a sixth of a request
 * (docs/decisions/013). It is asynchronous, and drops lines that cannot be written: a full disk or a blocked pipe must not
 * delay a request or the shutdown, which is why this is not `pino.destination`, whose flush on exit is retried for ever.
 * After `kill -9`, the lines of the last second are missing.
 *
 * @param options.isBuffered false: writes each line at once, for a developer who watches
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
    // A write that is still in progress may be blocked, and a second one would block the exit.
    if (isWriting || pending === '') return
    try {
      writeSync(fd, pending)
    } catch {
      // Nothing is left that could report it.
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
