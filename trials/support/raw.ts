import { connect, type Socket } from 'node:net'
import { readResponse } from './connection.js'

/** A connection on which a trial sends arbitrary bytes. */
export interface RawConnection {
  socket: Socket
  /** The first response as `status body`, or `closed`, and the time at which it arrived, as from performance.now(). */
  firstResponse: Promise<{ text: string; at: number }>
}

export function openRaw(port: number): RawConnection {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  const firstResponse = new Promise<{ text: string; at: number }>((resolve) => {
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const response = readResponse(received)
      if (response) resolve({ text: `${response.status} ${response.body}`, at: performance.now() })
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve({ text: 'closed', at: performance.now() }))
  })
  return { socket, firstResponse }
}

/** Sends bytes on a new connection. @returns the first response as `status body`, or `closed` */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const { socket, firstResponse } = openRaw(port)
  socket.write(bytes)
  const { text } = await firstResponse
  socket.destroy()
  return text
}
