import type { TObject } from '@sinclair/typebox'

/** Picks the properties of a body that the schema defines and that are valid. */
export function pickValid(
  { properties }: TObject,
  body: Record<string, unknown>,
  isValid: (name: string) => boolean,
): Record<string, unknown> {
  const names = Object.keys(properties).filter((name) => Object.hasOwn(body, name) && isValid(name))
  return Object.fromEntries(names.map((name) => [name, body[name]]))
}
