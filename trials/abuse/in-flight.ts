import { setTimeout as sleep } from 'node:timers/promises'
import { create, LIST } from '../support/calls.js'
import { toBytes } from '../support/connection.js'
import { withEnvironment } from '../support/environment.js'
import { check, type Trial } from '../support/findings.js'
import { openRaw, sendRaw } from '../support/raw.js'
import { TOKENS } from '../support/sessions.js'

const CONNECTIONS = 64
const LIMIT = 16

/** One session sends 64 concurrent requests whose bodies never end. */
export const inFlight: Trial = () =>
  withEnvironment(async (environment) => {
    const { port } = await environment.startService()
    const [token = '', other] = TOKENS
    const requests = Array.from({ length: CONNECTIONS }, () => {
      const { socket, firstResponse } = openRaw(port)
      let hasResponse = false
      firstResponse.then(() => {
        hasResponse = true
      })
      socket.write(toBytes(create(), port, token).slice(0, -1))
      return { socket, firstResponse, hasResponse: () => hasResponse }
    })
    await sleep(2000)
    const waiting = requests.filter(({ hasResponse }) => !hasResponse())
    const refused = requests.filter(({ hasResponse }) => hasResponse())
    const responses = await Promise.all(refused.map(({ firstResponse }) => firstResponse))
    const others = responses.filter(({ text }) => !text.startsWith('429'))
    const otherSession = await sendRaw(port, toBytes(LIST, port, other))
    for (const { socket } of requests) socket.destroy()
    await sleep(500)
    const afterwards = await sendRaw(port, toBytes(LIST, port, token))
    return [
      check(`requests of one session in progress (limit ${LIMIT})`, waiting.length, waiting.length <= LIMIT),
      check('refused requests with a status other than 429', others.length, others.length === 0),
      check(
        'status of a request of another session of the same user',
        otherSession.slice(0, 3),
        otherSession.startsWith('200'),
      ),
      check(
        'status of a request of the first session afterwards',
        afterwards.slice(0, 3),
        afterwards.startsWith('200'),
      ),
    ]
  })
