import { neighbors } from './abuse/neighbors.js'
import { slowReaders } from './abuse/slow-readers.js'
import type { Trial } from './support/findings.js'

/** Each scenario is a trial too: `npm run trial -- abuse/slow-readers`. */
export const scenarios: Record<string, Trial> = { neighbors, 'slow-readers': slowReaders }

/** One client does its worst: the others are served, and the process keeps its memory. */
export const abuse: Trial = async (options) => {
  const findings = []
  for (const scenario of Object.values(scenarios)) findings.push(...(await scenario(options)))
  return findings
}
