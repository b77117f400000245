import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { readChunks } from '../support/chunks.js'

/** A response, as it came over the wire. */
export interface WireResponse {
  status: number
  /** Names in lower case; values of the same name are joined. */
  headers: Map<string, string>
  body: string
  /** Head and body. */
  text: string
}

/** A connection on which bytes are sent as they are. */
export interface Wire {
  isOpen(): boolean
  /**
   * Sends each piece in a packet of its own, and waits for a response to each method. Returns fewer if the service closes the
   * connection, or after 30 s.
   * @param isEnd whether to close the client's side after the last piece
   */
  send(pieces: Uint8Array[], methods: string[], isEnd?: boolean): Promise<WireResponse[]>
  /** Sends pieces, and resets the connection without waiting for anything. */
  abandon(pieces: Uint8Array[]): Promise<void>
  close(): void
}

const RESPONSE_TIMEOUT = 30_000

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
      if (index > 0) await turn()
      if (socket.writable) socket.write(piece)
    }
  }

  /** Waits for bytes or the end. @returns false after 30 s without either */
  function waited(): Promise<boolean> {
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
        } else if (!isOpen || !(await waited())) break
      }
      if (responses.length < methods.length || !isOpen) socket.destroy()
      return responses
    },
    async abandon(pieces) {
      await write(pieces)
      await turn()
      socket.resetAndDestroy()
    },
  }
}

/** Reads the response that some bytes begin with (RFC 9112, section 6.3); undefined while it is not complete. */
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
