/** Converts positions in a list to and from the opaque `cursor` parameter of its URL. */
export interface CursorCodec<Position> {
  /** A cursor before every row. */
  first: string
  encode(position: Position): string
  /** Returns undefined if `cursor` was not encoded by this codec. */
  decode(cursor: string): Position | undefined
}

interface CursorFormat<Position> {
  first: Position
  toText(position: Position): string
  /** Returns undefined for text in another format. */
  fromText(text: string): Position | undefined
}

export function createCursorCodec<Position>({
  first,
  toText,
  fromText,
}: CursorFormat<Position>): CursorCodec<Position> {
  const encode = (position: Position) => Buffer.from(toText(position)).toString('base64url')
  return {
    first: encode(first),
    encode,
    decode(cursor) {
      const position = fromText(Buffer.from(cursor, 'base64url').toString('latin1'))
      return position !== undefined && encode(position) === cursor ? position : undefined
    },
  }
}
