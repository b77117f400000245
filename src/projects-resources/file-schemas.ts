import { Text, Word } from '../schemas.js'

/** Maximum size of a file's text, in bytes of UTF-8. A check constraint also enforces it. */
export const MAX_TEXT_BYTES = 1024 * 1024

/** The fields that user files and project files have in common. */
export const FileFields = {
  title: Text(1, 255),
  text: Text(0, MAX_TEXT_BYTES, { description: 'At most 1 MiB in UTF-8.' }),
  language: Text(1, 64),
  extension: Word(32, 'A-Za-z0-9.+_-'),
}
