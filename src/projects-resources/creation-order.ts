import { MAX_ID } from '../identity-rules.js'
import { createCursorCodec } from './cursor.js'

/** Position in a list ordered by creation. */
export interface Position {
  /** In milliseconds since 1970. */
  createdAt: number
  id: number
}

const FORMAT = /^([0-9a-z]{1,9})\.([0-9a-z]{1,6})$/

export const creationCursor = createCursorCodec<Position>({
  first: { createdAt: 0, id: 1 },
  toText: ({ createdAt, id }) => `${createdAt.toString(36)}.${id.toString(36)}`,
  fromText(text) {
    const [, createdAt = '', id = ''] = FORMAT.exec(text) ?? []
    const position = { createdAt: Number.parseInt(createdAt, 36), id: Number.parseInt(id, 36) }
    return position.id <= MAX_ID ? position : undefined
  },
})
