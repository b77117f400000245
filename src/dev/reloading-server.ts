import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServer } from './server-process.js'
import { watchFolder } from './watch.js'

export interface ReloadOptions {
  /** Told what happens, in a few words. */
  say: (what: string) => void
  /** Told how the service ended, if it does so by itself after it had been ready. */
  onDeath: (how: string) => void
}

export interface ReloadingServer {
  /**
   * Lets the service begin; until then it only loads.
   *
   * @param env what it is to find in its environment
   * @returns its address, once it listens there
   * @throws a few words on how it ended, if it does not come to that
   */
  begin(env: NodeJS.ProcessEnv): Promise<string>
  /** Lets requests in flight finish and ends it. */
  stop(): Promise<void>
  /** Ends it at once, without waiting for that. */
  kill(): void
}

interface Run extends ServerProcess {
  /** Set when it was told to stop. */
  stopped?: Promise<void>
}

const source = fileURLToPath(new URL('..', import.meta.url))

/** What the service does not load. */
const NOT_THE_SERVICE = ['database/generated', 'dev', 'dev.ts', 'cli', 'cli.ts']

/** Runs the service, and runs it anew whenever its source changes. */
export function runReloadingServer({ say, onDeath }: ReloadOptions): ReloadingServer {
  let run: Run = startServer()
  let environment: NodeJS.ProcessEnv = {}
  let changed: string | undefined
  let reloading = false
  let closed = false
  let unwatch = () => {}

  async function begin(): Promise<string> {
    const current = run
    current.begin(environment)
    const address = await current.ready
    current.ended.then((how) => {
      if (!current.stopped) onDeath(how)
    })
    return address
  }

  async function end(): Promise<void> {
    run.stopped ??= run.stop()
    await run.stopped
  }

  async function reload(file: string): Promise<void> {
    changed = file
    // One that is only about to start is out of date already.
    if (reloading) return await end()
    reloading = true
    while (changed && !closed) {
      say(`${changed} changed: restarting`)
      changed = undefined
      await end()
      if (closed) return
      run = startServer()
      const failure = await begin().then(() => undefined, String)
      if (!changed && !closed)
        say(failure ? `the service did not start (${failure}): waiting for a change` : 'restarted')
    }
    reloading = false
  }

  return {
    begin: async (env) => {
      environment = env
      const address = await begin()
      // A port that was any free one is to stay the same.
      environment = { ...env, PORT: new URL(address).port || '80' }
      unwatch = await watchFolder({ folder: source, ignore: NOT_THE_SERVICE, onChange: reload })
      if (closed) unwatch()
      return address
    },
    stop: async () => {
      closed = true
      unwatch()
      await end()
    },
    kill: () => run.kill(),
  }
}
