import type { SourcePathResult } from './result.js'

/** Validates the path of a folder: POSIX or Windows, absolute or relative. Its canonical form is the input. */
export function localPath(input: string): SourcePathResult {
  // A single letter is a Windows drive, not a scheme: `C://work`.
  if (/^(?:file:|[a-z][a-z0-9+.-]+:\/\/)/i.test(input)) {
    return { problem: 'must be the path of a folder, not a URL: for a URL, use the source_type git or url' }
  }
  // Rejects only ASCII control characters. C1 control characters are accepted.
  if (/(?![\u0080-\u009f])\p{Cc}/u.test(input)) return { problem: 'must not contain control characters' }
  return { path: input }
}
