import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The callbacks of the responses that are open on a connection. */
const callbacks = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `callback` once, when a response or its connection closes. Node emits no `close` for a pipelined response that
 * waits for an earlier one when the connection closes.
 */
export function onceClosed(response: ServerResponse, callback: () => void): void {
  const { socket } = response.req
  const pending = callbacks.get(socket) ?? watch(socket)
  const call = () => {
    if (pending.delete(call)) callback()
  }
  pending.add(call)
  response.once('close', call)
  if (socket.closed) setImmediate(call)
}

function watch(socket: Socket): Set<() => void> {
  const pending = new Set<() => void>()
  callbacks.set(socket, pending)
  socket.once('close', () => {
    for (const call of pending) call()
  })
  return pending
}
