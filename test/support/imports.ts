import { CreateImportBody } from '../../src/projects-resources/imports/schemas.js'

const { properties, required = [] } = CreateImportBody

/** Null for each optional field: their values in an import that was created without them. */
export const UNSET = Object.fromEntries(
  Object.keys(properties)
    .filter((name) => !required.includes(name as never))
    .map((name) => [name, null]),
)
