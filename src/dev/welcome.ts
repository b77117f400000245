import { demo, demoCurl, hasDemoData } from '../demo-data.js'

/**
 * What a person wants to know when everything runs.
 *
 * @param address where the service listens
 * @param databaseUrl its database, which may have the demonstration user or not
 */
export async function welcome(address: string, databaseUrl: string): Promise<string> {
  const url = reachable(address)
  const lines = ['', `Listening on ${url} (Ctrl-C ends it, and its database with it)`]
  if (await hasDemoData(databaseUrl)) {
    const { id, email, projectId, token } = demo.user
    lines.push(`Demonstration user ${id} (${email}), project ${projectId}, session ${token}. Try it:`)
    lines.push(`A page to try all calls on, signed in already: ${url}/docs`)
    lines.push('', demoCurl(url))
  }
  return `${lines.join('\n')}\n`
}

/** An address that stands for all of them is not one to connect to. */
function reachable(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}
