import type { TObject } from '@sinclair/typebox'

/** The properties of a body that the schema has, and that have passed it. */
export function pickValid(
  { properties }: TObject,
  body: Record<string, unknown>,
  isValid: (name: string) => boolean,
): Record<string, unknown> {
  const names = Object.keys(properties).filter((name) => Object.hasOwn(body, name) && isValid(name))
  return Object.fromEntries(names.map((name) => [name, body[name]]))
}
