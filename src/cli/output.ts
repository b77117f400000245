import { CommanderError, type OutputConfiguration } from 'commander'

/** The result of a command: a document for `--json`, or else text on stdout and an optional note on stderr. */
export interface Answer {
  json: unknown
  /** For a script to capture. */
  text: string
  note?: string
}

/** A failure with a message for people and a code for programs. */
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

/** Creates the error of a wrong command line. */
export function usageError(message: string): CommandError {
  return new CommandError('USAGE', message, 2)
}

/** Creates the error of a command that refers to something that does not exist. */
export function notFound(message: string): CommandError {
  return new CommandError('NOT_FOUND', message)
}

/** Destination of the output, which commander passes from the program to every command. */
export type Output = Pick<OutputConfiguration, 'writeOut' | 'writeErr'>

/** Prints the result of a command. */
export function printAnswer({ json, text, note }: Answer, asJson: boolean, output: Output): void {
  if (asJson) output.writeOut?.(toJson(json))
  // The text is what a person looks for: it comes last.
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

/** Formats rows as a table with headings; returns an empty string if there are no rows. */
export function table(rows: Record<string, string | number | null | Date>[]): string {
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

/** PostgreSQL's name of a time that never comes, or was always past: the limits of a Date stand for it. */
function infinityOf(date: Date): string | undefined {
  if (Math.abs(date.getTime()) < 8.64e15) return undefined
  return date.getTime() > 0 ? 'infinity' : '-infinity'
}

function cell(value: string | number | null | Date | undefined): string {
  if (value === null || value === undefined) return '-'
  return value instanceof Date ? moment(value) : escapeControls(String(value))
}

/** Characters that a terminal interprets: C0 and C1 controls, DEL, line separators, and those that reorder text. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** Escapes those as JSON does: a stored name must not move the cursor, or show as another one (CVE-2021-42574). */
const escapeControls = (text: string) =>
  text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Escapes all but line breaks. */
const escapeLines = (text: string) => text.split('\n').map(escapeControls).join('\n')

const width = (text = '') => [...text].length

/** `JSON.stringify` escapes C0 controls only. The line breaks that it adds are left. */
const toJson = (document: unknown) => `${escapeLines(JSON.stringify(document, replaceInfinity, 2))}\n`

/** A replacer for JSON.stringify, which passes a Date as its text, and the object that holds it as `this`. */
function replaceInfinity(this: Record<string, unknown>, key: string, value: unknown): unknown {
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
  // Prisma puts the reason on the last line, below the location in the code.
  return new CommandError('FAILED', message.trim().split('\n').at(-1) || 'unknown failure')
}
