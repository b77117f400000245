// An abusive client in a separate process: it repeats the same requests on many connections until it is stopped.
import { connect } from 'node:net'
import { setPriority } from 'node:os'

export interface Attack {
  port: number
  connections: number
  /** Complete HTTP requests. Each connection cycles through them. */
  requests: string[]
  /** Whether the client reads the responses. */
  reads: boolean
}

/** Number of responses by status. */
export type AttackResult = Record<string, number>

const counts: AttackResult = {}

process.on('message', (message: Attack | 'report') => {
  if (message === 'report') process.send?.(counts)
  else for (let index = 0; index < message.connections; index += 1) open(message, index)
})
process.once('disconnect', () => process.exit())
// Low priority, since a real client would not use this machine's CPU time.
setPriority(19)

/** The last bytes of a chunked response. */
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

function open(attack: Attack, index: number) {
  const { port, requests, reads } = attack
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let sent = index
  /** Number of bytes of the body that have not arrived; infinite for a chunked body, 0 between responses. */
  let missing = 0
  let tail = Buffer.alloc(0)
  const send = () => socket.write(requests[sent++ % requests.length] ?? '')
  socket.on('connect', send)
  socket.on('error', () => {})
  socket.on('close', () => setTimeout(() => open(attack, index), 50))
  if (!reads) return socket.pause()
  socket.on('data', (chunk) => {
    let body = chunk
    if (missing === 0) {
      const text = chunk.toString('latin1', 0, 4096)
      const head = text.indexOf('\r\n\r\n')
      const status = text.slice(9, 12)
      counts[status] = (counts[status] ?? 0) + 1
      missing = Number(
        /\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? (status === '204' ? 0 : Number.POSITIVE_INFINITY),
      )
      body = chunk.subarray(head + 4)
    }
    missing -= body.length
    tail = Buffer.concat([tail, body]).subarray(-LAST_CHUNK.length)
    if (missing <= 0 || (missing === Number.POSITIVE_INFINITY && tail.equals(LAST_CHUNK))) {
      missing = 0
      tail = Buffer.alloc(0)
      send()
    }
  })
}
