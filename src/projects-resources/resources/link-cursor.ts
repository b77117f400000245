import { createCursorCodec } from '../cursor.js'
import type { LinkPosition } from './repository.js'

export const linkCursor = createCursorCodec<LinkPosition>({
  first: '999999999999999999',
  toText: (link) => link,
  fromText: (text) => (/^[1-9][0-9]{0,17}$/.test(text) ? text : undefined),
})
