import { setTimeout as sleep } from 'node:timers/promises'
import { create, LIST } from '../support/calls.js'
import { toBytes } from '../support/connection.js'
import { check, type Trial } from '../support/findings.js'
import { openRaw, sendRaw } from '../support/raw.js'
import { TOKENS } from '../support/sessions.js'
import { withStage } from '../support/stage.js'

const CONNECTIONS = 64
const LIMIT = 16

/** One session sends bodies that never end, on 64 connections. */
export const inFlight: Trial = () =>
  withStage(async (stage) => {
    const { port } = await stage.startService()
    const [token = '', other] = TOKENS
    const requests = Array.from({ length: CONNECTIONS }, () => {
      const { socket, answered } = openRaw(port)
      let isAnswered = false
      answered.then(() => {
        isAnswered = true
      })
      socket.write(toBytes(create(), port, token).slice(0, -1))
      return { socket, answered, isAnswered: () => isAnswered }
    })
    await sleep(2000)
    const waiting = requests.filter(({ isAnswered }) => !isAnswered())
    const refused = requests.filter(({ isAnswered }) => isAnswered())
    const answers = await Promise.all(refused.map(({ answered }) => answered))
    const others = answers.filter(({ text }) => !text.startsWith('429'))
    const ofOther = await sendRaw(port, toBytes(LIST, port, other))
    for (const { socket } of requests) socket.destroy()
    await sleep(500)
    const afterwards = await sendRaw(port, toBytes(LIST, port, token))
    return [
      check(`requests of one session in progress (limit ${LIMIT})`, waiting.length, waiting.length <= LIMIT),
      check('others, refused with something else than 429', others.length, others.length === 0),
      check('another session of the same user', ofOther.slice(0, 3), ofOther.startsWith('200')),
      check('the session afterwards', afterwards.slice(0, 3), afterwards.startsWith('200')),
    ]
  })
