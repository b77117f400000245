/** A canonical path, or the problem: a phrase that completes "source_path ..." and holds nothing of the input. */
export type SourcePathResult = { path: string } | { problem: string }
