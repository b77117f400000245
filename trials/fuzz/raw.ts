import type { Context } from './context.js'
import { judgeEvery, judgeLeak, outcomeOf, parseBody } from './judge.js'
import type { Problem, User } from './model.js'
import { garbage, valid } from './raw-accepted.js'
import { badChunks, badHeads, hosts, sizes, smuggling, truncated } from './raw-refused.js'
import { createRequests, type RawCase } from './raw-requests.js'
import { openWire, type WireResponse } from './wire.js'

const GROUPS = [smuggling, smuggling, badChunks, badHeads, hosts, sizes, valid, valid, valid, garbage, truncated]

/**
 * Methods for wire.send(), which waits for one response for each of them. No case has 64 responses, so wire.send()
 * reads until the connection is closed.
 */
const METHODS = Array.from({ length: 64 }, () => 'GET')

/** Sends raw cases of one user until all workers together have sent enough requests. */
export async function runRawWorker({ port, pool, report, requests }: Context, user: User): Promise<void> {
  const countImports = async () => {
    const { rows } = await pool.query('SELECT count(*)::integer FROM imports WHERE neptun_user_id = $1', [user.id])
    return rows[0].count as number
  }
  const [projectId] = [...user.model.projects.keys()]
  while (report.requests() < requests) {
    const before = await countImports()
    if (before > 200) await pool.query('DELETE FROM imports WHERE neptun_user_id = $1', [user.id])
    const raw = user.random.pick(GROUPS)(createRequests(user, projectId as number))
    const responses = await exchange(port, raw)
    const stored = (await countImports()) - (before > 200 ? 0 : before)
    for (const outcome of outcomes(responses).length > 0 ? outcomes(responses) : ['closed'])
      report.count('raw', outcome)
    report.add(
      user,
      judgeRaw(user, raw, responses, stored),
      () => `${raw.name}: ${JSON.stringify(raw.bytes.slice(0, 600))}`,
    )
  }
}

const outcomes = (responses: WireResponse[]) => responses.map((response) => outcomeOf(response, parseBody(response)))

function judgeRaw(user: User, raw: RawCase, responses: WireResponse[], stored: number): Problem[] {
  const seen = outcomes(responses)
  const created = seen.filter((outcome) => outcome === '201').length
  const problems: Problem[] = responses.flatMap((response) => [
    ...judgeLeak(response, user),
    ...judgeParserError(response),
  ])
  const rule = raw.rule ?? 'raw'
  if (raw.ending !== 'reset' && !raw.expect.test(seen.join(', '))) {
    problems.push({ rule, text: `received ${seen.join(', ') || 'no response'}, expected ${raw.expect}` })
  }
  if (stored !== created) problems.push({ rule, text: `imports acknowledged with 201: ${created}, stored: ${stored}` })
  return problems
}

async function exchange(port: number, { bytes, isSlow, ending }: RawCase): Promise<WireResponse[]> {
  const wire = await openWire(port)
  const whole = Buffer.from(bytes, 'latin1')
  const pieces = isSlow ? Array.from(whole, (byte) => Uint8Array.of(byte)) : [whole]
  if (ending === 'reset') {
    await wire.abandon(pieces)
    return []
  }
  const responses = await wire.send(pieces, METHODS, ending === 'close')
  wire.close()
  return responses
}

const ERRORS = [400, 408, 413, 417, 431]

/** Checks that errors of the HTTP parser have the same headers and format as other errors. */
function judgeParserError(response: WireResponse): Problem[] {
  return ERRORS.includes(response.status) ? judgeEvery(response, 'POST', 'parser-headers') : []
}
