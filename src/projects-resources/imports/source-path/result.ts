/** A canonical path, or the fault: a phrase that completes "source_path ..." and holds nothing of the input. */
export type SourcePathResult = { path: string } | { fault: string }
