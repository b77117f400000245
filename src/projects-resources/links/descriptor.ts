import type { TObject, TSchema } from '@sinclair/typebox'
import type { Fault } from '../../errors.js'

/** All that sets one type of resource apart from the others. Routes, statements and the command line are made of it. */
export interface LinkDescriptor {
  /** How it stands in a path: `user-files`. */
  slug: string
  /** What one is called: `user file`. */
  noun: string
  /** Its table, and the table of its links to projects. */
  table: string
  linkTable: string
  /** Its id in a body that links it, and in the table of links: `user_file_id`. */
  idField: string
  /** What a body must have that creates one; each is a column too. */
  create: TObject
  /** Columns that whoever verifies a new one fills in, never the body; null where nobody does. */
  verified?: readonly string[]
  /** What comes back. Every property is a column, except those in `computed`. */
  resource: TObject<Record<string, TSchema>>
  /** SQL for the properties that are no column of their own. */
  computed?: Record<string, (row: string) => string>
  /** What the schema of `create` cannot say. */
  check?: (body: Record<string, unknown>) => Fault[]
  /** A body that creates one. */
  example: Record<string, unknown>
  /** What comes back of one that is there. */
  exampleAnswer: Record<string, unknown>
}

/** What one is called in the document, and so in code that is made from it: `UserFile`. */
export function nameOf({ idField }: LinkDescriptor): string {
  return idField.replace(/_id$/, '').replaceAll(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase())
}
