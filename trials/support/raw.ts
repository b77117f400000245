import { connect, type Socket } from 'node:net'
import { readAnswer } from './connection.js'

/** Bytes that go over a connection as they are, also such as are no whole request. */
export interface RawConnection {
  socket: Socket
  /** The service's answer as `status body`, and when it was there; or `closed` without one. */
  answered: Promise<{ text: string; at: number }>
}

export function openRaw(port: number): RawConnection {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  const answered = new Promise<{ text: string; at: number }>((resolve) => {
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const answer = readAnswer(received)
      if (answer) resolve({ text: `${answer.status} ${answer.body}`, at: performance.now() })
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve({ text: 'closed', at: performance.now() }))
  })
  return { socket, answered }
}

/** Sends bytes, and says what comes back. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const { socket, answered } = openRaw(port)
  socket.write(bytes)
  const { text } = await answered
  socket.destroy()
  return text
}
