import { CommanderError, type OutputConfiguration } from 'commander'

/** Result of a command: a document for `--json`, or else text for stdout and an optional note for stderr. */
export interface CommandResult {
  json: unknown
  /** For example an id, a token, a table or a message. Empty if there is no output. */
  text: string
  note?: string
}

/** A failure, with a message for people and a stable code for scripts. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly code: string
  readonly exitCode: 1 | 2

  constructor(code: string, message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.code = code
    this.exitCode = exitCode
  }
}

/** Creates the error for an invalid command line. */
export function usageError(message: string): CommandError {
  return new CommandError('USAGE', message, 2)
}

/** Creates the error for an object that does not exist. */
export function notFound(message: string): CommandError {
  return new CommandError('NOT_FOUND', message)
}

/** Destination of the output. Commands inherit it from the program. */
export type Output = Pick<OutputConfiguration, 'writeOut' | 'writeErr'>

/** Prints the result of a command. */
export function printResult({ json, text, note }: CommandResult, asJson: boolean, output: Output): void {
  if (asJson) output.writeOut?.(toJson(json))
  // On a terminal, the text comes last, where it is easiest to find.
  if (!asJson && note) output.writeErr?.(`${escapeControls(note)}\n`)
  if (!asJson && text) output.writeOut?.(`${escapeLines(text)}\n`)
}

/**
 * Prints an error: one line on stderr and, with `--json`, one document on stdout.
 * @returns the exit code
 */
export function reportError(error: unknown, asJson: boolean, output: Output): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  const { code, message, exitCode } = toCommandError(error)
  output.writeErr?.(`error: ${escapeControls(message.replace(/\s+/g, ' '))}\n`)
  if (asJson) output.writeOut?.(toJson({ error: { code, message } }))
  return exitCode
}

/** Returns the result of a command that lists rows. The note is printed if there are none. */
export const listResult = (json: unknown, rows: Row[], note: string): CommandResult => ({
  json,
  text: table(rows),
  ...(rows.length === 0 && { note }),
})

/** Returns the note for an empty list, of one user or of all users. */
export const noneOf = (kind: string, user?: number) =>
  user === undefined ? `There are no ${kind}.` : `User ${user} has no ${kind}.`

/** A row of a table, by heading. */
type Row = Record<string, string | number | null | Date>

/** Formats rows as a table with headings. Returns an empty string if there are no rows. */
export function table(rows: Row[]): string {
  const [first] = rows
  if (!first) return ''
  const headings = Object.keys(first)
  const lines = [headings, ...rows.map((row) => headings.map((heading) => cell(row[heading])))]
  const widths = headings.map((_, column) => lines.reduce((widest, line) => Math.max(widest, width(line[column])), 0))
  const aligned = (line: string[]) => line.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - width(text)))
  return lines.map((line) => aligned(line).join('  ').trimEnd()).join('\n')
}

/** Formats a time to the minute: `2025-02-16 17:42Z`. */
export function moment(date: Date): string {
  return infinityOf(date) ?? `${date.toISOString().slice(0, -8).replace('T', ' ')}Z`
}

/** Returns PostgreSQL's name of an infinite time, which is represented by the limits of a Date. */
function infinityOf(date: Date): string | undefined {
  if (Math.abs(date.getTime()) < 8.64e15) return undefined
  return date.getTime() > 0 ? 'infinity' : '-infinity'
}

function cell(value: string | number | null | Date | undefined): string {
  if (value === null || value === undefined) return '-'
  return value instanceof Date ? moment(value) : escapeControls(String(value))
}

/** Characters that a terminal interprets: C0 and C1 controls, DEL, line separators, bidi controls (CVE-2021-42574). */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** Escapes control characters as in JSON, so that a stored name cannot move the cursor or imitate another name. */
const escapeControls = (text: string) =>
  text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Escapes control characters except for line breaks. */
const escapeLines = (text: string) => text.split('\n').map(escapeControls).join('\n')

const width = (text = '') => [...text].length

/** Formats JSON. Escapes the control characters that JSON.stringify does not: it escapes only C0 controls. */
const toJson = (document: unknown) => `${escapeLines(JSON.stringify(document, replaceSpecialValues, 2))}\n`

/**
 * Replacer for JSON.stringify. Writes infinite times with PostgreSQL's names, and bigints as numbers. JSON.stringify
 * passes a Date as a string, but the containing object, as `this`, still has the Date.
 */
function replaceSpecialValues(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key]
  if (typeof original === 'bigint') return Number(original)
  return original instanceof Date ? (infinityOf(original) ?? value) : value
}

function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  if (error instanceof CommanderError) {
    return usageError(error.code === 'commander.help' ? 'missing command' : error.message.replace(/^error: /, ''))
  }
  const message = error instanceof Error ? error.message : String(error)
  // The last line of a Prisma message is the reason. The lines before it show the location in the code.
  return new CommandError('FAILED', message.trim().split('\n').at(-1) || 'unknown error')
}
