/** A position in a list that is in the order of creation. */
export interface Position {
  /** Milliseconds since 1970. */
  createdAt: number
  id: number
}

const FORM = /^([0-9a-z]{1,9})\.([0-9a-z]{1,6})$/

/** Encodes a position as the opaque `cursor` of a URL. */
export function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.toString(36)}.${id.toString(36)}`).toString('base64url')
}

/** A cursor before every row. */
export const FIRST_CURSOR = encodeCursor({ createdAt: 0, id: 1 })

/** @returns undefined if it is not a cursor */
export function decodeCursor(cursor: string): Position | undefined {
  const [, createdAt, id] = FORM.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (createdAt === undefined || id === undefined) return undefined
  const position = { createdAt: Number.parseInt(createdAt, 36), id: Number.parseInt(id, 36) }
  return encodeCursor(position) === cursor && position.id <= 2_147_483_647 ? position : undefined
}
