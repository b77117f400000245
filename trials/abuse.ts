import { inFlight } from './abuse/in-flight.js'
import { longInputs } from './abuse/long-inputs.js'
import { madeUpCookies } from './abuse/made-up-cookies.js'
import { neighbors } from './abuse/neighbors.js'
import { rejectedRequest } from './abuse/rejected-request.js'
import { slowReaders } from './abuse/slow-readers.js'
import { webhookBodies } from './abuse/webhook-bodies.js'
import type { Trial } from './support/findings.js'

/** Scenarios of the abuse trial. Each can run as a separate trial: `npm run trial -- abuse/slow-readers`. */
export const scenarios: Record<string, Trial> = {
  'long-inputs': longInputs,
  neighbors,
  'in-flight': inFlight,
  'slow-readers': slowReaders,
  'webhook-bodies': webhookBodies,
  'made-up-cookies': madeUpCookies,
  'rejected-request': rejectedRequest,
}

/** One client is abusive. Other clients must be served, and memory must stay bounded. */
export const abuse: Trial = async (options) => {
  const findings = []
  for (const [name, scenario] of Object.entries(scenarios)) {
    for (const finding of await scenario(options)) findings.push({ ...finding, what: `${name}: ${finding.what}` })
  }
  return findings
}
