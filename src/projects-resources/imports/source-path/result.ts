/**
 * A canonical path, or the problem with the input: a phrase that completes "source_path ...". It never quotes the
 * input, which could contain a password.
 */
export type SourcePathResult = { path: string } | { problem: string }
