import type { LinkPosition } from './repository.js'

/** Encodes the id of a link as the opaque `cursor` of a URL. */
export function encodeCursor(link: LinkPosition): string {
  return Buffer.from(link).toString('base64url')
}

/** A cursor before every link. */
export const FIRST_CURSOR = encodeCursor('999999999999999999')

/** @returns undefined if it is not a cursor */
export function decodeCursor(cursor: string): LinkPosition | undefined {
  const link = Buffer.from(cursor, 'base64url').toString('latin1')
  return /^[1-9][0-9]{0,17}$/.test(link) && encodeCursor(link) === cursor ? link : undefined
}
