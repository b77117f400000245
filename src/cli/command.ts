import { readFileSync } from 'node:fs'
import { Command, type Option } from 'commander'
import { type Answer, printAnswer, reportError } from './output.js'

const NAME = 'neptun-resources'

const NOTES = `
Every command takes --json: it then prints one JSON document on stdout, with
times in ISO 8601.

Exit codes:
  0  done
  1  it failed: the database is unreachable, there is no such user, ...
  2  wrong usage: an unknown option, a value that is not acceptable, ...

A failure is one line on stderr, "error: ...". With --json, stdout then holds
{"error": {"code", "message"}}.

Environment (also read from a file .env in the current folder):
  DATABASE_URL  postgres://user:password@host:5432/database
  DATA_DIR      where "npm run dev" keeps its own database, .data by default:
                the one used when DATABASE_URL is unset and NODE_ENV is not
                production

Examples:
  ${NAME} migrate
  ${NAME} user create --email someone@example.com
  ${NAME} project create --user 1 --name "My project"
  TOKEN=$(${NAME} session create --user 1)`

/** Everything that distinguishes one command from the others. `run` gets the parsed options. */
export interface CommandSpec<O> {
  name: string
  description: string
  options?: Option[]
  /** Command lines without the name of the program. */
  examples: string[]
  run: (options: O) => Promise<Answer>
}

/** Creates the program without commands, with the settings that all commands inherit. */
export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (
    new Command(NAME)
      .description("Keeps the service's database: migrations, users, projects, sessions, files and resources.")
      .version(version, '--version', 'print the version')
      .helpOption('-h, --help', 'print this help')
      // A token may start with a hyphen: after a command, it must not be parsed as an option of the program.
      .enablePositionalOptions()
      .configureOutput({ outputError: () => {} })
      .exitOverride()
      .addHelpText('after', NOTES)
  )
}

/** Adds a group of commands: `user`, `session`. */
export function addNoun(program: Command, name: string, description: string): Command {
  return program.command(name).description(description)
}

/** Adds a command, with `--json` and the examples in its help. */
export function addCommand<O>(parent: Command, spec: CommandSpec<O>): void {
  const examples = spec.examples.map((example) => `  ${NAME} ${example}`).join('\n')
  const command = parent
    .command(spec.name)
    .description(spec.description)
    .addHelpText('after', `\nExamples:\n${examples}`)
    .action(async (options: O & { json?: true }, self: Command) => {
      printAnswer(await spec.run(options), options.json === true, self.configureOutput())
    })
  for (const option of spec.options ?? []) command.addOption(option)
  command.option('--json', 'print one JSON document')
}

/**
 * Runs a command line, and reports errors.
 * @returns the exit code
 */
export async function runProgram(program: Command, args: string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return report(program, args, error)
  }
}

/** Handles what concerns the whole process: uncaught errors, and errors of its output. */
export function guardProcess(program: Command, args: string[]): void {
  const fail = (error: unknown) => process.exit(report(program, args, error))
  process.on('uncaughtException', fail)
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that closes the pipe (`| head`) is not a failure; a full disk is.
    stream.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || fail(error))
  }
}

const report = (program: Command, args: string[], error: unknown) =>
  reportError(error, args.includes('--json'), program.configureOutput())
