import type { ValidationError } from '../errors.js'
import { MAX_TEXT_BYTES } from './file-schemas.js'

/** Validates the size of a file's text in bytes. JSON Schema can only count characters. */
export function checkTextSize({ text }: Record<string, unknown>): ValidationError[] {
  return typeof text === 'string' && text.length <= MAX_TEXT_BYTES && Buffer.byteLength(text) > MAX_TEXT_BYTES
    ? [{ path: 'body.text', message: 'must have at most 1048576 bytes in UTF-8' }]
    : []
}
