import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { readChunks } from '../support/chunks.js'

/** A parsed response. */
export interface WireResponse {
  status: number
  /** Headers by name in lower case. Repeated headers are joined with `, `. */
  headers: Map<string, string>
  body: string
  /** The complete response: headers and body. */
  text: string
}

/** A connection for arbitrary bytes. */
export interface Wire {
  isOpen(): boolean
  /**
   * Sends each piece in a separate packet, and waits for the responses.
   * @param methods the methods of the requests, one for each expected response
   * @param isEnd whether to half-close the connection after the last piece
   * @returns the responses; fewer if the service closes the connection, or after a timeout of 30 s
   */
  send(pieces: Uint8Array[], methods: string[], isEnd?: boolean): Promise<WireResponse[]>
  /** Sends pieces, and resets the connection without waiting for a response. */
  abandon(pieces: Uint8Array[]): Promise<void>
  close(): void
}

/** Timeout for the next bytes of a response, in milliseconds. */
const RESPONSE_TIMEOUT = 30_000

/** Opens a connection. */
export async function openWire(port: number): Promise<Wire> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  let isOpen = true
  let wake = () => {}
  socket.on('data', (chunk) => {
    received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk
    wake()
  })
  socket.on('error', () => {})
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      isOpen = false
      wake()
    })
  }
  await once(socket, 'connect')

  async function write(pieces: Uint8Array[]) {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await yieldToEventLoop()
      if (socket.writable) socket.write(piece)
    }
  }

  /** Waits for data or the end of the connection. @returns false on timeout */
  function waitForData(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), RESPONSE_TIMEOUT)
      wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  return {
    isOpen: () => isOpen,
    close: () => void socket.destroy(),
    async send(pieces, methods, isEnd) {
      const responses: WireResponse[] = []
      void write(pieces).then(() => isEnd && socket.end())
      while (responses.length < methods.length) {
        const response = readResponse(received, methods[responses.length] === 'HEAD', !isOpen)
        if (response) {
          received = received.subarray(response.length)
          if (response.status >= 200) responses.push(response)
          if (response.status >= 200 && response.isLast) isOpen = false
        } else if (!isOpen || !(await waitForData())) break
      }
      if (responses.length < methods.length || !isOpen) socket.destroy()
      return responses
    },
    async abandon(pieces) {
      await write(pieces)
      await yieldToEventLoop()
      socket.resetAndDestroy()
    },
  }
}

/** Parses the response at the start of `bytes` (RFC 9112, section 6.3). @returns undefined if it is incomplete */
function readResponse(bytes: Buffer, isHead: boolean, isEnd: boolean) {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const [line = '', ...fields] = head.split('\r\n')
  const headers = new Map<string, string>()
  for (const field of fields) {
    const colon = field.indexOf(':')
    const name = field.slice(0, colon).toLowerCase()
    const value = field.slice(colon + 1).trim()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  const status = Number(line.slice(9, 12))
  const content = readContent(bytes.subarray(end + 4), { status, headers, isHead, isEnd })
  if (!content) return undefined
  const body = content.body.toString('utf8')
  const isLast = /^close$/i.test(headers.get('connection') ?? '')
  return { status, headers, body, text: `${head}\r\n\r\n${body}`, length: end + 4 + content.length, isLast }
}

function readContent(
  bytes: Buffer,
  { status, headers, isHead, isEnd }: { status: number; headers: Map<string, string>; isHead: boolean; isEnd: boolean },
): { body: Buffer; length: number } | undefined {
  if (isHead || status < 200 || status === 204 || status === 304) return { body: Buffer.alloc(0), length: 0 }
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(bytes)
  const declared = headers.get('content-length')
  if (declared === undefined) return isEnd ? { body: bytes, length: bytes.length } : undefined
  const length = Number(declared)
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), length }
}
