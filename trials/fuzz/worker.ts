import type pg from 'pg'
import type { Context } from './context.js'
import { drawCall } from './draw.js'
import { encode, split } from './encode.js'
import { judge, outcomeOf, parseBody } from './judge.js'
import type { Problem, User } from './model.js'
import { perturb } from './perturb.js'
import { predict } from './predict.js'
import { changeSession, deleteResource, readModel, replaceProject } from './stored.js'
import { countRows, verify } from './verify.js'
import { drawDelivery } from './webhook.js'
import { openWire, type Wire } from './wire.js'

/**
 * Number of steps of a worker between comparisons of stored data with the model. A step is a call, a webhook
 * delivery or several pipelined reads.
 */
const INTERVAL = 100

/** Sends requests of one user, one at a time or as pipelined reads, until all workers together have sent enough. */
export async function runWorker(context: Context, user: User): Promise<void> {
  const { report, requests, port } = context
  const { random } = user
  let wire = await openWire(port)
  for (let step = 1; report.requests() < requests; step += 1) {
    if (!wire.isOpen()) wire = await openWire(port)
    if (random.chance(1.5)) await changeAsOtherService(context.pool, user)
    if (random.chance(1)) await sendDelivery(context, user, wire)
    else if (random.chance(2)) await sendPipelined(context, user, wire)
    else await sendCall(context, user, wire)
    if (step % INTERVAL === 0) await compareStored(context, user)
  }
  wire.close()
}

/** Sends a call and checks the response. After a refused write, checks that no rows were added or removed. */
async function sendCall(context: Context, user: User, wire: Wire): Promise<void> {
  const { users, report } = context
  const call = perturb(
    user,
    users.filter((other) => other !== user),
    drawCall(user),
  )
  const expectation = predict(call)
  const { pieces, method } = encode(user, call)
  const [response] = await wire.send(pieces, [method])
  const outcome = response ? outcomeOf(response, parseBody(response)) : 'no response'
  report.count(call.operation, outcome)
  const problems = judge(user, call, expectation, response)
  const isWrite = method !== 'GET' && method !== 'HEAD'
  if (isWrite && !outcome.startsWith('2')) problems.push(...(await countRows(context.pool, user)))
  await reportProblems(context, user, problems, () => show(pieces))
}

/** Rules about headers. Their violation does not make the model outdated. */
const HEADER_RULES = ['etag', 'headers', 'location', 'relative-link', 'vary', 'www-authenticate']

/**
 * Reports problems, and then reads the model from the database, so that one error is not reported again with every
 * request.
 */
async function reportProblems(
  { report, pool }: Context,
  user: User,
  problems: Problem[],
  describeRequest: () => string,
): Promise<void> {
  report.add(user, problems, describeRequest)
  if (problems.every(({ rule }) => HEADER_RULES.includes(rule))) return
  user.model = await readModel(pool, user.id)
}

async function compareStored(context: Context, user: User): Promise<void> {
  await reportProblems(context, user, await verify(context.pool, user), () => 'comparison of stored data')
}

/** Pipelines several reads. The responses must arrive in the order of the requests. */
async function sendPipelined(context: Context, user: User, wire: Wire): Promise<void> {
  const { random } = user
  const calls = Array.from({ length: random.int(2, 8) }, () => drawCall(user)).filter(({ method }) => method === 'GET')
  const expectations = calls.map(predict)
  const encoded = calls.map((call) => encode(user, call, true).pieces)
  const bytes = Buffer.concat(encoded.flat())
  const responses = await wire.send(
    split(random, bytes),
    calls.map(({ method }) => method),
  )
  for (const [index, call] of calls.entries()) {
    const response = responses[index]
    context.report.count('pipelined read', response ? outcomeOf(response, parseBody(response)) : 'no response')
    const problems = judge(user, call, expectations[index] ?? { allow: [] }, response)
    await reportProblems(context, user, problems, () => show(encoded[index] ?? []))
  }
}

async function sendDelivery(context: Context, user: User, wire: Wire): Promise<void> {
  const { bytes, apply } = drawDelivery(user)
  const [response] = await wire.send([bytes], ['POST'])
  context.report.count('webhook', response ? outcomeOf(response, parseBody(response)) : 'no response')
  const problems = apply(response)
  await reportProblems(context, user, problems, () => bytes.toString())
  // The delivery has changed `updated_at` of the installations.
  const { resources } = await readModel(context.pool, user.id)
  for (const row of user.model.resources['github-installations']?.values() ?? []) {
    row.updated_at = resources['github-installations']?.get(row.id)?.updated_at ?? row.updated_at
  }
}

/** Changes the database as other services might. */
async function changeAsOtherService(pool: pg.Pool, user: User): Promise<void> {
  const { random, model, sessions } = user
  switch (random.weighted({ session: 70, project: 10, resource: 20 })) {
    case 'session':
      // The first session stays valid because the workers of other users use it. The last one, whose token has
      // unusual punctuation (sealed() in users.ts), stays valid because withOtherCookie() uses it.
      return await changeSession(pool, random.pick(sessions.slice(1, 4)), random.pick(['valid', 'expired', 'revoked']))
    case 'project':
      return await replaceProject(pool, user, random.pick([...model.projects.values()].slice(1)))
    case 'resource': {
      const ids = [...(model.resources['user-files']?.keys() ?? [])]
      if (ids.length > 0) await deleteResource(pool, user, 'user-files', random.pick(ids))
    }
  }
}

/** Formats the first bytes of an encoded request. */
const show = (pieces: Buffer[]) => JSON.stringify(Buffer.concat(pieces).toString('latin1').slice(0, 800))
