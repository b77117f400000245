import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServer } from './server-process.js'
import { watchFolder } from './watch.js'

interface Listener {
  /** Told what happens, in a few words. */
  say: (what: string) => void
  /** Told how the service ended, if it does so by itself after it had been ready. */
  onDeath: (how: string) => void
}

interface Run extends ServerProcess {
  /** Set when it was told to stop. */
  stopped?: Promise<void>
}

const source = fileURLToPath(new URL('..', import.meta.url))

/** What the service does not load. */
const NOT_THE_SERVICE = ['database/generated', 'dev', 'dev.ts', 'cli', 'cli.ts']

/** The service, which runs anew whenever its source changes. */
export class ReloadingServer {
  readonly #listener: Listener
  #run: Run = startServer()
  #environment: NodeJS.ProcessEnv = {}
  #changed: string | undefined
  #reloading = false
  #closed = false
  #unwatch = () => {}

  constructor(listener: Listener) {
    this.#listener = listener
  }

  /**
   * Lets the service begin; until then it only loads.
   *
   * @param environment what it is to find in its environment
   * @returns its address, once it listens there
   * @throws a few words on how it ended, if it does not come to that
   */
  async begin(environment: NodeJS.ProcessEnv): Promise<string> {
    this.#environment = environment
    const address = await this.#begin()
    // A port that was any free one is to stay the same.
    this.#environment = { ...environment, PORT: new URL(address).port || '80' }
    await this.#watch()
    return address
  }

  /** Lets requests in flight finish and ends it. */
  async stop(): Promise<void> {
    this.#closed = true
    this.#unwatch()
    await this.#end()
  }

  /** Ends it at once, without waiting for that. */
  kill(): void {
    this.#run.kill()
  }

  async #begin(): Promise<string> {
    const run = this.#run
    run.begin(this.#environment)
    const address = await run.ready
    run.ended.then((how) => {
      if (!run.stopped) this.#listener.onDeath(how)
    })
    return address
  }

  async #end(): Promise<void> {
    this.#run.stopped ??= this.#run.stop()
    await this.#run.stopped
  }

  async #watch(): Promise<void> {
    const onChange = (file: string) => this.#reload(file)
    try {
      this.#unwatch = await watchFolder({ folder: source, ignore: NOT_THE_SERVICE, onChange })
      if (this.#closed) this.#unwatch()
    } catch (error) {
      this.#listener.say(`changes will not be noticed (${error instanceof Error ? error.message : error})`)
    }
  }

  async #reload(file: string): Promise<void> {
    const { say } = this.#listener
    this.#changed = file
    // One that is only about to start is out of date already.
    if (this.#reloading) return await this.#end()
    this.#reloading = true
    while (this.#changed && !this.#closed) {
      say(`${this.#changed} changed: restarting`)
      this.#changed = undefined
      await this.#end()
      if (this.#closed) return
      this.#run = startServer()
      const outcome = await this.#begin().then(
        () => 'restarted',
        (how) => `the service did not start (${how}): waiting for a change`,
      )
      if (!this.#changed && !this.#closed) say(outcome)
    }
    this.#reloading = false
  }
}
