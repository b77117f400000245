import { Readable } from 'node:stream'

/** The size of the chunks that come out, in bytes. A smaller body needs no joining. */
export const BLOCK = 16 * 1024

/** How many chunks are handled before other requests have their turn. */
const CHUNKS_PER_TURN = 1000

/**
 * Starts reading a body, and lets other requests proceed meanwhile: libuv reads up to 2 MiB from a socket in one turn of the
 * event loop, which can be 350 000 chunks of one byte.
 */
export function readInTurns(body: Readable): void {
  let count = 0
  body.on('data', () => {
    count += 1
    if (count % CHUNKS_PER_TURN > 0) return
    body.pause()
    setImmediate(() => body.resume())
  })
}

/**
 * Joins the chunks of a body. A client can send 2 MiB as two million chunks of one byte: kept one by one, they take 900 MiB
 * of memory, and more than a second to concatenate.
 */
export function joinChunks(body: Readable): Readable {
  let isStarted = false
  let block = Buffer.allocUnsafe(BLOCK)
  let used = 0
  // A body that nobody reads must not flow into this one: the rest of it may be discarded.
  const joined = new Readable({ read: () => void (isStarted ? body.resume() : start()) })
  // The rest of a body that was refused can still fail. Without a listener, that would end the process.
  joined.on('error', () => {})

  function start() {
    isStarted = true
    body.on('data', add)
    body.once('end', () => {
      push(block.subarray(0, used))
      joined.push(null)
    })
    body.once('error', (error) => joined.destroy(error))
    readInTurns(body)
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
