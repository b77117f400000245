import type { User } from './model.js'

/** A path and its expected canonical form; null if the path must be refused. */
interface Form {
  input: string
  canonical: string | null
}

export const SOURCE_TYPES = ['github', 'gitlab', 'bitbucket', 'git', 'url', 'local'] as const
export type SourceType = (typeof SOURCE_TYPES)[number]

const HOSTS: Record<string, string> = { github: 'github.com', gitlab: 'gitlab.com', bitbucket: 'bitbucket.org' }

/** Spellings of a repository on one of the three hosts. `H` is replaced with the host, `P` with `owner/repo`. */
const HOSTED = ['P', ' P ', 'P.git', 'https://H/P', 'https://H/P.git', 'https://H/P/', 'git@H:P.git', 'ssh://git@H/P']
const MORE_HOSTED = [
  ...['www.H/P', 'H/P', 'https://www.H/P', 'git+https://H/P.git', 'git+ssh://git@H/P.git', '/P', 'P/'],
  ...['git@H:/P.git', 'https://someone@H/P.git', 'git@H:P.git/'],
]
const ONLY_GITHUB = ['github:P', 'ssh://git@ssh.github.com:443/P.git', 'org-123@github.com:P.git']
const REFUSED_HOSTED = [
  ...['P?a=b', 'P#readme', 'https://u:p@H/P', 'https://evil.example/P', 'https://H.evil.example/P', 'https://H:8080/P'],
  ...['../P', 'P/..', 'owner/..', 'owner/.', 'owner', 'P\\x', 'P%2Fx', 'https://H/P/tree/main/x', 'ftp://H/P', 'P x'],
  ...['\u0441P', 'P\u200b', 'https://H/', 'git@evil.example:P', '//H/P', 'javascript:P', 'P\u0001'],
]

/** Paths by source type: some must be stored unchanged, others must be refused. `U` is replaced with a unique text. */
const OTHERS: Record<'git' | 'url' | 'local', { accepted: string[]; refused: string[] }> = {
  git: {
    accepted: [
      'https://host.example/U.git',
      'ssh://git@host.example:2222/U',
      'user@host.example:U.git',
      'ssh://[::1]/U',
    ],
    refused: [
      ...[
        'http://host.example/U',
        'git://host.example/U',
        'ext::sh -c U',
        'file:///U',
        '/U',
        'https://u:p@host.example/U',
      ],
      ...['-u@host.example:U', 'ssh://-oProxyCommand=U/x', 'https://host.example/U#x', 'https://host.example/a U'],
    ],
  },
  url: {
    accepted: ['https://example.com/U', 'http://example.com:8080/U?a=b#c', 'https://xn--mnchen-3ya.de/U'],
    refused: [
      'U',
      '/U',
      'ftp://example.com/U',
      'https://u:p@example.com/U',
      'javascript:alert(U)',
      'http://',
      'https://[',
    ],
  },
  local: {
    accepted: [
      '/U',
      'U',
      './U',
      '../U',
      'C:\\U',
      'C:/U',
      '~/U',
      '/\u{1f680}/U',
      '/a b/U',
      '\\\\server\\U',
      '/caf\u00e9/U',
    ],
    refused: ['file:///U', 'https://example.com/U', '/U\u0001', '/U\n/x'],
  },
}

/** Expected canonical forms of the generated paths, by source type and path. */
const known = new Map<string, string | null>()
const keyOf = (type: unknown, input: unknown) => `${type} ${input}`

/** Returns the expected canonical form of a path: null if it must be refused, undefined if it is unknown. */
export function canonicalOf(type: unknown, input: unknown): string | null | undefined {
  return known.get(keyOf(type, input))
}

/** Draws a valid or invalid path, and records its canonical form for canonicalOf(). */
export function drawSourcePath(user: User, type: SourceType): string {
  const { random, canary } = user
  const unique = `${canary}-${random.int(1, 100_000)}`
  const { input, canonical } = type in HOSTS ? drawHosted(user, type, unique) : drawOther(user, type, unique)
  known.set(keyOf(type, input), canonical)
  // A canonical form is accepted and stored unchanged.
  if (canonical !== null) known.set(keyOf(type, canonical), canonical)
  return input
}

function drawHosted({ random, accounts, canary }: User, type: SourceType, unique: string): Form {
  const owner = type === 'github' && random.chance(90) ? random.pick(accounts) : canary
  const spelled = random.chance(10) ? owner.toUpperCase() : owner
  const path = `${spelled}/${unique}`
  const write = (form: string) => form.replace('P', path).replaceAll('H', HOSTS[type] ?? '')
  if (random.chance(12)) return { input: write(random.pick(REFUSED_HOSTED)), canonical: null }
  const more = type === 'github' ? [...MORE_HOSTED, ...ONLY_GITHUB] : MORE_HOSTED
  return { input: write(random.pick(random.chance(80) ? HOSTED : more)), canonical: path }
}

function drawOther({ random }: User, type: SourceType, unique: string): Form {
  const { accepted, refused } = OTHERS[type as keyof typeof OTHERS]
  const write = (form: string) => form.replace('U', unique)
  if (random.chance(12)) return { input: write(random.pick(refused)), canonical: null }
  const input = write(random.pick(accepted))
  return random.chance(10) ? { input: `\t${input} `, canonical: input } : { input, canonical: input }
}
