type Parts = Record<string, unknown>

/** A name, and not the title of an example. */
const NAME = /^[A-Z][A-Za-z]+$/

/** Says once, under `components`, what is said in many places: schemas that have a name for a title, and errors. */
export function shareParts<Document extends { paths?: object; components?: object }>(made: Document): Document {
  const { paths, components, ...document } = made
  const schemas: Parts = {}
  const responses: Parts = {}
  const shared = mapValues(paths, (path) =>
    mapValues(path as object, (operation) => {
      const { responses: all, ...rest } = shareSchemas(operation, schemas) as { responses: Parts }
      return { ...rest, responses: mapValues(all, (response) => shareError(response, responses)) }
    }),
  )
  const all = { ...components, schemas: sorted(schemas), responses: sorted(responses) }
  return { ...document, paths: shared, components: all } as unknown as Document
}

function shareSchemas(part: unknown, schemas: Parts): unknown {
  if (Array.isArray(part)) return part.map((item) => shareSchemas(item, schemas))
  if (typeof part !== 'object' || part === null) return part
  const { title, ...rest } = mapValues(part, (value, key) =>
    key === 'example' || key === 'examples' ? value : shareSchemas(value, schemas),
  )
  if (typeof title !== 'string' || !NAME.test(title)) return title === undefined ? rest : { title, ...rest }
  return share('schemas', schemas, title, rest)
}

/** An error's name is that of its codes: `PROJECT_NOT_FOUND.IMPORT_NOT_FOUND`. */
function shareError(response: unknown, responses: Parts): unknown {
  const { content } = response as { content?: { 'application/json': { examples?: Parts } } }
  const codes = Object.keys(content?.['application/json'].examples ?? {})
  if (codes.length === 0 || codes.includes('example')) return response
  return share('responses', responses, codes.join('.'), response)
}

/** @throws Error if two different parts have the same name */
function share(kind: string, parts: Parts, name: string, part: unknown): { $ref: string } {
  parts[name] ??= part
  if (JSON.stringify(parts[name]) !== JSON.stringify(part)) throw new Error(`two different ${kind} are called ${name}`)
  return { $ref: `#/components/${kind}/${name}` }
}

function mapValues(object: object | undefined, map: (value: unknown, key: string) => unknown): Parts {
  return Object.fromEntries(Object.entries(object ?? {}).map(([key, value]) => [key, map(value, key)]))
}

function sorted(parts: Parts): Parts {
  return Object.fromEntries(Object.entries(parts).sort(([name], [other]) => (name < other ? -1 : 1)))
}
