import { CreateImportBody } from '../../src/projects-resources/imports/schemas.js'

const { properties, required = [] } = CreateImportBody

/** The optional fields of an import, all null, as in an import that was created without them. */
export const UNSET = Object.fromEntries(
  Object.keys(properties)
    .filter((name) => !required.includes(name as never))
    .map((name) => [name, null]),
)
