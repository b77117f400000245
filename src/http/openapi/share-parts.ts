type Parts = Record<string, unknown>

/** A schema title that is used as a component name. */
const NAME = /^[A-Z][A-Za-z]+$/

interface Document {
  paths?: object
  tags?: { name: string }[]
  components?: { securitySchemes?: object }
}

/**
 * Moves parts of the document to `components`, so that they can be shared: headers, error responses, and schemas whose
 * title is a component name. Removes the tags and security schemes that no operation uses.
 */
export function shareParts<D extends Document>({ paths, components, tags = [], ...document }: D): D {
  const schemas: Parts = {}
  const headers: Parts = {}
  const responses: Parts = {}
  const used = new Set<unknown>()
  const shared = mapValues(paths, (path) =>
    mapValues(path as object, (operation) => {
      const { responses: all, ...rest } = shareSchemas(operation, schemas) as Parts
      for (const name of [...(rest['tags'] as string[]), ...(rest['security'] as object[]).flatMap(Object.keys)])
        used.add(name)
      return {
        ...rest,
        responses: mapValues(all as Parts, (response) =>
          shareError(shareHeaders(response as Parts, headers), responses),
        ),
      }
    }),
  )
  const securitySchemes = Object.entries(components?.securitySchemes ?? {}).filter(([name]) => used.has(name))
  return {
    ...document,
    tags: tags.filter(({ name }) => used.has(name)),
    paths: shared,
    components: {
      ...components,
      securitySchemes: Object.fromEntries(securitySchemes),
      schemas: sorted(schemas),
      headers: sorted(headers),
      responses: sorted(responses),
    },
  } as unknown as D
}

function shareHeaders({ headers: all, ...response }: Parts, headers: Parts): Parts {
  if (!all) return response
  return { ...response, headers: mapValues(all as Parts, (header, name) => share('headers', headers, name, header)) }
}

function shareSchemas(part: unknown, schemas: Parts): unknown {
  if (Array.isArray(part)) return part.map((item) => shareSchemas(item, schemas))
  if (typeof part !== 'object' || part === null) return part
  // The values of examples are not schemas, although they can have a title.
  const mapped = mapValues(part, (value, key) =>
    key === 'example' || key === 'examples' ? value : shareSchemas(value, schemas),
  )
  const { title, ...rest } = mapped
  if (typeof title !== 'string' || !NAME.test(title)) return mapped
  return share('schemas', schemas, title, rest)
}

/** Names an error response after its codes: `PROJECT_NOT_FOUND.IMPORT_NOT_FOUND`. */
function shareError(response: unknown, responses: Parts): unknown {
  const { content } = response as { content?: { 'application/json': { examples?: Parts } } }
  const codes = Object.keys(content?.['application/json'].examples ?? {})
  if (codes.length === 0 || codes.includes('example')) return response
  return share('responses', responses, codes.join('.'), response)
}

/**
 * Adds a part to the shared ones and returns a reference to it.
 * @throws Error if there is a different part with the same name
 */
function share(kind: string, parts: Parts, name: string, part: unknown): { $ref: string } {
  parts[name] ??= part
  if (JSON.stringify(parts[name]) !== JSON.stringify(part))
    throw new Error(`Two different ${kind} have the name ${name}`)
  return { $ref: `#/components/${kind}/${name}` }
}

function mapValues(object: object | undefined, map: (value: unknown, key: string) => unknown): Parts {
  return Object.fromEntries(Object.entries(object ?? {}).map(([key, value]) => [key, map(value, key)]))
}

function sorted(parts: Parts): Parts {
  return Object.fromEntries(Object.entries(parts).sort(([name], [other]) => (name < other ? -1 : 1)))
}
