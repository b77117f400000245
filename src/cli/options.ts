import { Option } from 'commander'
import { EMAIL, GITHUB_ACCOUNT_ID, GITHUB_ACCOUNT_NAME, MAX_ID } from '../identity-rules.js'
import { usageError } from './output.js'

/** Parser and validator of an option value. `must` completes the error message "--name must be ...". */
export interface Rule<T> {
  must: string
  /** Returns undefined if the text is not valid. */
  read: (text: string) => T | undefined
}

/** Creates an option with a value. Error messages never contain the value, which may be a secret. */
export function option<T>(flags: string, description: string, rule: Rule<T>): Option {
  const created = new Option(flags, description)
  return created.argParser((text: string) => {
    const value = rule.read(text)
    if (value === undefined) throw usageError(`${created.long} must be ${rule.must}`)
    return value
  })
}

/** Creates a mandatory option. */
export function required<T>(flags: string, description: string, rule: Rule<T>): Option {
  return option(flags, `${description} (required)`, rule).makeOptionMandatory()
}

/** Creates a hidden option that is always rejected. It takes a value, so that the value is not parsed as an option. */
export function removedOption(flags: string, message: string): Option {
  return new Option(flags).hideHelp().argParser(() => {
    throw usageError(message)
  })
}

/** Creates an option without a value. */
export function flag(flags: string, description: string): Option {
  return new Option(flags, description)
}

const DAY = 24 * 60 * 60 * 1000
const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: DAY, w: 7 * DAY }
const MAX_TTL = 366 * DAY

/** Whether the text is not empty, and PostgreSQL can store it in a column of `maximum` characters (code points). */
const isText = (text: string, maximum: number) =>
  text !== '' && !text.includes('\0') && text.isWellFormed() && [...text].length <= maximum

const matching = (pattern: RegExp) => (text: string) => (pattern.test(text) ? text : undefined)

export const id: Rule<number> = {
  must: `an integer from 1 to ${MAX_ID}`,
  read: (text) => (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined),
}

export const name: Rule<string> = {
  must: '1 to 255 characters',
  read: (text) => (isText(text, 255) ? text : undefined),
}

export const email: Rule<string> = {
  must: 'an email address of at most 320 characters, with one @ and no spaces',
  read: (text) => (isText(text, 320) && new RegExp(EMAIL, 'u').test(text) ? text : undefined),
}

export const githubAccountId: Rule<string> = {
  must: 'the numeric id of a GitHub account',
  read: matching(new RegExp(GITHUB_ACCOUNT_ID)),
}

export const githubAccountName: Rule<string> = {
  must: 'a GitHub account name: 1 to 39 letters, digits, hyphens and underscores, beginning with a letter or digit',
  read: matching(new RegExp(GITHUB_ACCOUNT_NAME)),
}

/** A duration, converted to milliseconds. */
export const ttl: Rule<number> = {
  must: 'a number and a unit (m, h, d or w), at most 366d: for example 90m, 12h, 7d or 4w',
  read: (text) => {
    const [, count, unit = ''] = /^([1-9]\d*)([mhdw])$/.exec(text) ?? []
    const milliseconds = Number(count) * (UNITS[unit] ?? Number.NaN)
    return milliseconds <= MAX_TTL ? milliseconds : undefined
  },
}

export const url: Rule<string> = {
  must: 'an http or https URL without a path, such as http://127.0.0.1:3000',
  read: matching(/^https?:\/\/[^/?#@'\s\p{Cc}]+$/u),
}

/** JSON, or `-` for standard input. Parsed later, because the schema depends on the command. */
export const json: Rule<string> = { must: 'JSON', read: (text) => text }

/** A file name, or `-` for standard input. The file is not opened here. */
export const file: Rule<string> = {
  must: 'a file name, or - for standard input',
  read: (text) => (text === '' || text.includes('\0') ? undefined : text),
}
