import { Readable } from 'node:stream'

/** Size of the joined chunks, in bytes. A body whose Content-Length is at most this size is read without joining. */
export const BLOCK = 16 * 1024

/** Number of chunks to process before yielding to the event loop. */
const CHUNKS_PER_ITERATION = 1000

/**
 * Starts reading a body, and regularly yields to the event loop so that other requests can proceed: libuv reads up to 2
 * MiB from a socket in one iteration, which can be 350 000 chunks of one byte (6 bytes each in chunked encoding).
 */
export function readWithYields(body: Readable): void {
  let count = 0
  body.on('data', () => {
    count += 1
    if (count % CHUNKS_PER_ITERATION > 0) return
    body.pause()
    setImmediate(() => body.resume())
  })
}

/**
 * Joins the chunks of a body into blocks. A client can send 2 MiB as two million chunks of one byte, which would take
 * 900 MiB of memory if buffered individually, and more than a second to concatenate.
 */
export function joinChunks(body: Readable): Readable {
  let isStarted = false
  let block = Buffer.allocUnsafe(BLOCK)
  let used = 0
  // Reads the body only on demand: a body that is discarded unread must not flow into this stream.
  const joined = new Readable({ read: () => void (isStarted ? body.resume() : start()) })
  // A rejected body can still fail while the rest is discarded. Without a listener, the error would crash the process.
  joined.on('error', () => {})

  function start() {
    isStarted = true
    body.on('data', add)
    body.once('end', () => {
      push(block.subarray(0, used))
      joined.push(null)
    })
    body.once('error', (error) => joined.destroy(error))
    readWithYields(body)
  }

  function add(chunk: Buffer) {
    if (used + chunk.length > BLOCK) {
      push(block.subarray(0, used))
      block = Buffer.allocUnsafe(BLOCK)
      used = 0
    }
    if (chunk.length > BLOCK) push(chunk)
    else used += chunk.copy(block, used)
  }

  function push(bytes: Buffer) {
    if (bytes.length > 0 && !joined.push(bytes)) body.pause()
  }

  return joined
}
