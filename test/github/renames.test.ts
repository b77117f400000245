import fc from 'fast-check'
import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { SECRET, deliver as sendDelivery } from '../support/webhook.js'

const shared = await startApp(t, { GITHUB_WEBHOOK_SECRET: SECRET })

type Delivery = [event: string, payload: object]

async function deliver(service: TestApp, [event, payload]: Delivery) {
  return (await sendDelivery(service, event, payload)).status
}

interface Account {
  id: number
  login: string
  installation: number
}

interface Repository {
  id: number
  owner: Account
  name: string
}

/** GitHub has two events for the rename of an account. The App has subscribed to one of them, or to both. */
type Subscription = 'installation_target' | 'organization' | 'both'

/** Creates a simulation of GitHub. Its methods rename accounts, rename or transfer repositories, and add deliveries. */
function createGithub({ isDated = true, subscription = 'both' as Subscription, ticksPerAction = 0 } = {}) {
  const deliveries: Delivery[] = []
  let second = 0
  const time = () => new Date(Date.UTC(2025, 2, 1, 12, 0, second)).toISOString().replace('.000', '')
  const dated = () => (isDated ? { updated_at: time() } : {})
  const describe = ({ id, owner, name }: Repository) => ({
    id,
    name,
    full_name: `${owner.login}/${name}`,
    owner: { id: owner.id, login: owner.login },
    ...dated(),
  })
  return {
    deliveries,
    /** Advances the clock by a second. */
    tick: () => {
      second += 1
    },
    rename(repository: Repository, name: string) {
      second += ticksPerAction
      const changes = { repository: { name: { from: repository.name } } }
      repository.name = name
      const installation = { id: repository.owner.installation }
      deliveries.push(['repository', { action: 'renamed', installation, repository: describe(repository), changes }])
    },
    /** Transfers a repository, and optionally renames it in the same step. */
    transfer(repository: Repository, owner: Account, name = repository.name) {
      second += ticksPerAction
      const { id, login } = repository.owner
      const changes = { owner: { from: { user: { id, login } } } }
      Object.assign(repository, { owner, name })
      const installation = { id: owner.installation }
      deliveries.push([
        'repository',
        { action: 'transferred', installation, repository: describe(repository), changes },
      ])
    },
    renameAccount(account: Account, login: string) {
      second += ticksPerAction
      const changes = { login: { from: account.login } }
      account.login = login
      const { id } = account
      const installation = { id: account.installation }
      const target = {
        action: 'renamed',
        installation,
        account: { id, login, ...dated() },
        changes,
        target_type: 'User',
      }
      const organization = { action: 'renamed', installation, organization: { id, login }, changes }
      if (subscription !== 'organization') deliveries.push(['installation_target', target])
      if (subscription !== 'installation_target') deliveries.push(['organization', organization])
    },
  }
}

const accountsOf = (...logins: string[]): Account[] =>
  logins.map((login, index) => ({ id: 70 + index, login, installation: 7000 + index }))

const pathOf = ({ owner, name }: Repository) => `${owner.login}/${name}`

/** Records the installations of all accounts for one user, and an import of each repository. Deletes all others. */
async function record(
  { sql }: TestApp,
  accounts: Account[],
  repositories: Repository[],
  { withIds = true } = {},
): Promise<void> {
  await sql('DELETE FROM github_installations; DELETE FROM imports; DELETE FROM github_names')
  for (const { installation, login } of accounts) {
    await sql(
      `INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
       VALUES ($1, $2, 'all', 1)`,
      [installation, login],
    )
  }
  for (const repository of repositories) {
    const ids = withIds ? [String(repository.id), String(repository.owner.id)] : [null, null]
    await sql(
      `INSERT INTO imports (id, source_type, source_path, project_id, neptun_user_id, github_repository_id, github_account_id)
       VALUES ($1, 'github', $2, 789, 1, $3, $4)`,
      [repository.id, pathOf(repository), ...ids],
    )
  }
}

const storedPaths = async ({ sql }: TestApp) =>
  Object.fromEntries(
    (await sql<{ id: number; source_path: string }>('SELECT id, source_path FROM imports ORDER BY id')).map((row) => [
      row.id,
      row.source_path,
    ]),
  )

const storedLogins = async ({ sql }: TestApp) =>
  (await sql<{ account_name: string }>('SELECT account_name FROM github_installations ORDER BY installation_id')).map(
    ({ account_name }) => account_name,
  )

/** Returns all permutations of a list. */
const permutationsOf = <T>(list: T[]): T[][] =>
  list.length < 2
    ? [list]
    : list.flatMap((first, index) =>
        permutationsOf(list.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
      )

type Story = (github: ReturnType<typeof createGithub>, accounts: Account[], repositories: Repository[]) => void

/**
 * Sequences of changes at GitHub. Initially, account `x` owns the repositories `x/a` and `x/b`, and account `y` owns
 * another repository, `y/a`.
 */
const STORIES: Record<string, Story> = {
  'a transfer and a rename in one step': (github, [, y], [a]) => github.transfer(a as Repository, y as Account, 'new'),
  'swapped names': (github, _, [a, b]) => {
    github.rename(a as Repository, 'tmp')
    github.rename(b as Repository, 'a')
    github.rename(a as Repository, 'b')
  },
  'a name that is reused for another repository': (github, _, [a, b]) => {
    github.rename(a as Repository, 'old')
    github.rename(b as Repository, 'a')
    github.rename(b as Repository, 'c')
  },
  'a repository that is renamed and renamed back': (github, _, [a]) => {
    github.rename(a as Repository, 'new')
    github.rename(a as Repository, 'a')
  },
  'accounts that are renamed in a chain': (github, [x, y]) => {
    github.renameAccount(x as Account, 'z')
    github.renameAccount(y as Account, 'x')
  },
  'a transfer between accounts that are renamed': (github, [x, y], [a]) => {
    github.renameAccount(x as Account, 'z')
    github.transfer(a as Repository, y as Account, 'new')
    github.renameAccount(y as Account, 'x')
  },
  'a change of letter case alone': (github, [x], [a]) => {
    github.rename(a as Repository, 'A')
    github.renameAccount(x as Account, 'X')
  },
}

for (const isDated of [true, false]) {
  const times = isDated ? 'with times' : 'without times'
  t.test(`deliveries ${times}, in any order and with repetitions, result in the current paths`, async (t) => {
    const service = await shared.reset()
    for (const [title, story] of Object.entries(STORIES)) {
      for (const withIds of [true, false]) {
        // Without ids, these stories are ambiguous: the former name is unknown, or has belonged to several repositories.
        if (!withIds && /one step|another repository|between accounts/.test(title)) continue
        const github = createGithub({ isDated, subscription: 'installation_target', ticksPerAction: 1 })
        const accounts = accountsOf('x', 'y')
        const repositories = ['a', 'b'].map((name, index) => ({ id: 500 + index, owner: accounts[0] as Account, name }))
        repositories.push({ id: 502, owner: accounts[1] as Account, name: 'a' })
        const before = structuredClone({ accounts, repositories })
        story(github, accounts, repositories)
        for (const order of permutationsOf(github.deliveries)) {
          await record(service, before.accounts, before.repositories, { withIds })
          for (const delivery of [...order, ...order]) {
            t.equal(await deliver(service, delivery), 200)
          }
          const name = `${title}${withIds ? '' : ', matched by name'}: ${order.map(([, payload]) => JSON.stringify(payload))}`
          t.strictSame(await storedPaths(service), expected(repositories), name)
          t.strictSame(
            await storedLogins(service),
            accounts.map(({ login }) => login),
            name,
          )
        }
      }
    }
  })
}

const expected = (repositories: Repository[]) =>
  Object.fromEntries(repositories.map((repository) => [repository.id, pathOf(repository)]))

/** A random change at GitHub. */
const action = fc.record({
  type: fc.constantFrom('rename', 'rename', 'transfer', 'transfer with rename', 'rename account'),
  which: fc.nat(2),
  owner: fc.nat(1),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  login: fc.constantFrom('x', 'y', 'z'),
  isLater: fc.boolean(),
})

const history = fc.record({
  isDated: fc.boolean(),
  subscription: fc.constantFrom<Subscription>('installation_target', 'organization', 'both'),
  actions: fc.array(action, { minLength: 1, maxLength: 6 }),
})

/**
 * Runs a history. Skips actions that GitHub would reject, such as a rename to a name that is in use. Also skips
 * transfers whose place in the history could not be determined from the deliveries, for the reason given below.
 * @returns undefined if the history is ambiguous
 */
function run({ isDated, subscription, actions }: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  const github = createGithub({ isDated, subscription })
  const accounts = accountsOf('x', 'y')
  const repositories: Repository[] = [
    { id: 500, owner: accounts[0] as Account, name: 'a' },
    { id: 501, owner: accounts[0] as Account, name: 'b' },
    { id: 502, owner: accounts[1] as Account, name: 'a' },
  ]
  const before = structuredClone({ accounts, repositories })
  const isFree = (owner: Account, name: string) =>
    !repositories.some((other) => other.owner === owner && other.name === name)
  const transferred = new Set<number>()
  for (const { type, which, owner, name, login, isLater } of actions) {
    // The payload of a transfer does not contain the repository's former name, so the order of several transfers is
    // known only from `updated_at`, whose resolution is one second. With `updated_at`, this loop advances the clock
    // before and after every transfer. Without it, the loop transfers each repository at most once, and not in the same
    // step as a rename.
    const isAlone = type.startsWith('transfer') && isDated
    if (type.startsWith('transfer') && !isDated) {
      if (type !== 'transfer' || transferred.has(which)) continue
      transferred.add(which)
    }
    if (isLater || isAlone) github.tick()
    const repository = repositories[which] as Repository
    const account = accounts[owner] as Account
    if (type === 'rename account') {
      if (!accounts.some((other) => other.login === login)) github.renameAccount(account, login)
    } else if (type === 'rename') {
      if (isFree(repository.owner, name)) github.rename(repository, name)
    } else {
      const newName = type === 'transfer' ? repository.name : name
      if (account !== repository.owner && isFree(account, newName)) github.transfer(repository, account, newName)
    }
    if (isAlone) github.tick()
  }
  // The same change twice, within a second or without times, cannot be distinguished from a redelivery.
  const texts = github.deliveries.map((delivery) => JSON.stringify(delivery).replaceAll(/"[xyz]\/|"login":"\w"/g, ''))
  return new Set(texts).size === texts.length ? { ...github, before, accounts, repositories } : undefined
}

t.test(
  'the deliveries of a random history, in any order and with repetitions, result in the current paths',
  async (t) => {
    const service = await shared.reset()
    let count = 0
    await fc.assert(
      fc.asyncProperty(history, fc.infiniteStream(fc.nat()), async (chosen, numbers) => {
        const outcome = run(chosen)
        fc.pre(outcome !== undefined && outcome.deliveries.length > 0)
        const { deliveries, before, accounts, repositories } = outcome
        const order = [...deliveries, ...deliveries.slice(0, 3)]
        for (let index = order.length - 1; index > 0; index -= 1) {
          const other = (numbers.next().value as number) % (index + 1)
          ;[order[index], order[other]] = [order[other] as Delivery, order[index] as Delivery]
        }
        await record(service, before.accounts, before.repositories)
        for (const delivery of order) await deliver(service, delivery)
        const stored = [await storedPaths(service), await storedLogins(service)]
        const current = [expected(repositories), accounts.map(({ login }) => login)]
        if (JSON.stringify(stored) !== JSON.stringify(current)) {
          throw new Error(`${JSON.stringify({ order, stored, current }, null, 1)}`)
        }
        count += 1
      }),
      { numRuns: 150 },
    )
    t.equal(count, 150)
  },
)
