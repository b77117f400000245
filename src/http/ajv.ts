import type { KeywordDefinition } from 'ajv'
import { MAX_TIME, MIN_TIME } from '../schemas.js'

/** Rejects unpaired surrogates, which UTF-8 cannot encode. No regular expression for this is portable. */
const wellFormed: KeywordDefinition = {
  keyword: 'wellFormed',
  type: 'string',
  validate: (_: true, text: string) => text.isWellFormed(),
}

/**
 * Rejects times that do not exist: `Date` alone would accept February 30 as March 1 or 2. Also rejects times outside the
 * years 0001 to 9999 in UTC, because an offset can move a time out of them.
 */
const instant: KeywordDefinition = {
  keyword: 'instant',
  type: 'string',
  validate: (_: true, text: string) => {
    const [, month, day] = text.slice(0, 10).split('-').map(Number)
    const date = new Date(text.slice(0, 10))
    const time = Date.parse(text)
    return time >= MIN_TIME && time <= MAX_TIME && date.getUTCMonth() + 1 === month && date.getUTCDate() === day
  },
}

/** Options of Ajv: report all errors, and never modify the input. */
export const ajvOptions = {
  customOptions: {
    allErrors: true,
    // Compiling the meta-schema takes 60 ms. The OpenAPI checks of `npm run lint` validate the schemas.
    validateSchema: false,
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allowUnionTypes: true,
    verbose: true,
    formats: { int32: true as const },
    keywords: [wellFormed, instant],
  },
}
