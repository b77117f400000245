import type { SourcePathResult } from './result.js'

/** Takes the path of a folder, POSIX or Windows, absolute or relative, and keeps it as given. */
export function localPath(input: string): SourcePathResult {
  // No scheme has one letter: `C://work` is a Windows drive.
  if (/^(?:file:|[a-z][a-z0-9+.-]+:\/\/)/i.test(input)) {
    return { problem: 'must be the path of a folder, not a URL: for that, use the source_type git or url' }
  }
  // C1 controls are left alone: on POSIX they are bytes of a file name as any other.
  if (/(?![\u0080-\u009f])\p{Cc}/u.test(input)) return { problem: 'must not contain control characters' }
  return { path: input }
}
