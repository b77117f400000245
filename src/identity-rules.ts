// Validation rules for user identities, shared by the APIs and the command line.

/** Exactly one `@`, with text on both sides, and no white space or control characters. */
export const EMAIL = '^[^@\\s\\x00-\\x1f\\x7f-\\x9f]+@[^@\\s\\x00-\\x1f\\x7f-\\x9f]+$'

export const GITHUB_ACCOUNT_ID = '^[1-9][0-9]{0,18}$'

export const GITHUB_ACCOUNT_NAME = '^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$'

/** Largest id: the maximum of PostgreSQL's type `integer`. */
export const MAX_ID = 2_147_483_647
