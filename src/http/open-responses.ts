import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Responses in the order of their requests, each with the callbacks for its end. */
type Responses = Map<ServerResponse, Set<() => void>>

/** The open responses of each connection. */
const openResponses = new WeakMap<Socket, Responses>()

/** Keeps track of the open responses of a server. */
export function trackResponses(server: Server): void {
  server.on('request', (_request, response) => void track(response))
}

/**
 * Calls `callback` once, when a response or its connection closes. Node emits no `close` for a pipelined response that
 * waits for an earlier one when the connection closes.
 */
export function onceClosed(response: ServerResponse, callback: () => void): void {
  track(response).add(callback)
}

/**
 * Waits until all earlier responses of the connection are closed. A pipelined request must not acquire a permit before
 * that: an earlier request could be waiting for the permit, and this response cannot be sent before the earlier one.
 */
export async function waitForTurn(response: ServerResponse): Promise<void> {
  // The iteration skips responses that are closed, and removed from the map, in the meantime.
  for (const earlier of openResponses.get(response.req.socket)?.keys() ?? []) {
    if (earlier === response) return
    await new Promise<void>((resolve) => onceClosed(earlier, resolve))
  }
}

function track(response: ServerResponse): Set<() => void> {
  const { socket } = response.req
  const responses = openResponses.get(socket) ?? watch(socket)
  const known = responses.get(response)
  if (known) return known
  const callbacks = new Set<() => void>()
  responses.set(response, callbacks)
  response.once('close', () => settle(responses, response))
  // The connection's `close` has already been emitted.
  if (socket.closed) setImmediate(settle, responses, response)
  return callbacks
}

function watch(socket: Socket): Responses {
  const responses: Responses = new Map()
  openResponses.set(socket, responses)
  socket.once('close', () => {
    for (const response of responses.keys()) settle(responses, response)
  })
  return responses
}

function settle(responses: Responses, response: ServerResponse): void {
  const callbacks = responses.get(response) ?? []
  responses.delete(response)
  for (const callback of callbacks) callback()
}
