import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { hashToken } from '../session-token.js'
import { CommandError, usageError } from './output.js'

/** SHA-256 of a token, as the bytes that Prisma accepts. */
export type TokenHash = Uint8Array<ArrayBuffer>

/**
 * Reads a session token, which must not be an argument: other users of the machine can see those.
 *
 * @param file its name, or `-` for standard input; a line break at the end is ignored
 * @returns the SHA-256 of the token, as the bytes that Prisma accepts; the token itself is passed to nothing else
 * @throws CommandError if the file cannot be read or contains no token
 */
export async function readTokenHash(file: string): Promise<TokenHash> {
  const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file).catch(cannotRead)
  const hash = hashToken(bytes.toString('latin1').trim())
  if (!hash) throw usageError('--token-file must contain the token of a session and nothing else')
  return Uint8Array.from(hash)
}

function cannotRead({ code }: NodeJS.ErrnoException): never {
  throw new CommandError('FAILED', `cannot read the file with the token: ${code}`)
}
