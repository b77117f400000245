/** Why something could not start. `message` is all that a person needs to see. */
export class StartError extends Error {
  override name = 'StartError'
}
