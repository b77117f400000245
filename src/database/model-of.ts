/**
 * Returns a model of a Prisma client or transaction by its name. The generated types differ between models. Code that
 * works with several models therefore passes, as `Model`, an interface of the methods that it uses.
 * @param name in the form of the client's property, such as `userFile`
 */
export const modelOf = <Model>(client: object, name: string): Model => (client as Record<string, Model>)[name] as Model
