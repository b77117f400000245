import type { IncomingMessage } from 'node:http'
import { ApiError } from '../errors.js'

/** Size of the buffer for a chunked body, in bytes. It is doubled when it is full. */
const INITIAL_SIZE = 16 * 1024

/** Number of chunks, and of bytes, to process before yielding to the event loop. */
const CHUNKS_PER_ITERATION = 1000
const BYTES_PER_ITERATION = 64 * 1024

/**
 * Starts reading a body, and regularly yields to the event loop so that other requests can proceed: libuv reads up to 2
 * MiB from a socket in one iteration, which can be 350 000 chunks of one byte (6 bytes each in chunked encoding).
 */
export function readWithYields(body: IncomingMessage): void {
  let chunks = 0
  let bytes = 0
  body.on('data', ({ length }: Buffer) => {
    chunks += 1
    bytes += length
    if (chunks < CHUNKS_PER_ITERATION && bytes < BYTES_PER_ITERATION) return
    chunks = 0
    bytes = 0
    body.pause()
    setImmediate(() => body.resume())
  })
}

/**
 * Reads a body into one buffer, to which each chunk is copied when it arrives. Fastify would collect the chunks, which
 * takes 900 MiB of memory for 2 MiB in chunks of one byte, and copy all of them at the end, which can block the event
 * loop for 50 ms.
 *
 * @param limit maximum length in bytes
 * @throws ApiError 413; Error if the connection is lost
 */
export async function readBody(body: IncomingMessage, limit: number): Promise<Buffer> {
  const { 'content-length': length = INITIAL_SIZE } = body.headers
  if (Number(length) > limit) throw new ApiError('PAYLOAD_TOO_LARGE')
  let buffer = Buffer.allocUnsafe(Number(length))
  let used = 0
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error) => {
      body.off('data', add).off('end', settle).off('error', settle)
      if (error) reject(error)
      else resolve()
    }
    const add = (chunk: Buffer) => {
      const size = used + chunk.length
      if (size > limit) return settle(new ApiError('PAYLOAD_TOO_LARGE'))
      if (size > buffer.length) buffer = enlarge(buffer, used, Math.min(Math.max(size, 2 * buffer.length), limit))
      used += chunk.copy(buffer, used)
    }
    body.on('data', add).on('end', settle).on('error', settle)
    readWithYields(body)
  })
  return buffer.subarray(0, used)
}

/**
 * Waits for a permit to read a body.
 * @param permit resolves when reading may begin
 * @throws the error of the body, if receiving it fails during the wait; the error of `permit`
 */
export async function waitToRead(body: IncomingMessage, permit: Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    body.once('error', reject)
    permit.then(resolve, reject).finally(() => body.off('error', reject))
  })
}

/** Returns a buffer of `size` bytes that begins with the first `used` bytes of `buffer`. */
function enlarge(buffer: Buffer, used: number, size: number) {
  const larger = Buffer.allocUnsafe(size)
  buffer.copy(larger, 0, 0, used)
  return larger
}
