import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { hashToken } from '../session-token.js'
import { CommandError, usageError } from './output.js'

/** SHA-256 of a token, in the type that Prisma accepts. */
export type TokenHash = Uint8Array<ArrayBuffer>

/**
 * Reads a session token from a file. It is not an argument, because other users can see the arguments of a process.
 *
 * @param file the file name, or `-` for standard input. Whitespace around the token in the file is ignored
 * @returns the SHA-256 of the token
 * @throws CommandError if the file cannot be read or contains no token
 */
export async function readTokenHash(file: string): Promise<TokenHash> {
  const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file).catch(cannotRead)
  const hash = hashToken(bytes.toString('latin1').trim())
  if (!hash) throw usageError('--token-file must contain a session token and nothing else')
  return Uint8Array.from(hash)
}

function cannotRead({ code }: NodeJS.ErrnoException): never {
  throw new CommandError('FAILED', `cannot read the token file: ${code}`)
}
