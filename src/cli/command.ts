import { Command, type Option } from 'commander'
import { VERSION } from '../package.js'
import { type CommandResult, printResult, reportError } from './output.js'

const NAME = 'neptun-resources'

const NOTES = `
With --json, every command prints a single JSON document to stdout. Times are in
ISO 8601, except "infinity" and "-infinity".

Exit codes:
  0  success
  1  failure: the database is unreachable, the user does not exist, ...
  2  usage error: an unknown option, an invalid value, ...

Errors are printed to stderr as one line, "error: ...". With --json, stdout also
gets {"error": {"code", "message"}}.

Environment (also read from the file .env in the current directory):
  DATABASE_URL  postgres://user:password@host:5432/database
  DATA_DIR      directory with the database of "npm run dev" (default: .data).
                This database is used unless DATABASE_URL or DATABASE_URL_FILE
                is set, or NODE_ENV is production

Examples:
  ${NAME} migrate
  ${NAME} user create --email someone@example.com
  ${NAME} project create --user 1 --name "My project"
  TOKEN=$(${NAME} session create --user 1)`

/** Definition of a command. `run` gets the parsed options. */
export interface CommandSpec<O> {
  name: string
  description: string
  options?: Option[]
  /** Example command lines, without the program name. */
  examples: string[]
  run: (options: O) => Promise<CommandResult>
}

/** Creates the program without commands, with settings that all commands inherit. */
export function createProgram(): Command {
  return (
    new Command(NAME)
      .description('Manage the database of the service: migrations, users, projects, sessions, files and resources.')
      .version(VERSION, '--version', 'show the version')
      .helpOption('-h, --help', 'show this help')
      // Recognize the program's options, such as --version, only before a command: a value after the command, such as a
      // name, may look like an option.
      .enablePositionalOptions()
      .configureOutput({ outputError: () => {} })
      .exitOverride()
      .addHelpText('after', NOTES)
  )
}

/** Adds a group of commands, such as `user` or `session`. */
export function addGroup(program: Command, name: string, description: string): Command {
  return program.command(name).description(description)
}

/** Adds a command with a `--json` option and help with examples. */
export function addCommand<O>(parent: Command, spec: CommandSpec<O>): void {
  const examples = spec.examples.map((example) => `  ${NAME} ${example}`).join('\n')
  const command = parent
    .command(spec.name)
    .description(spec.description)
    .addHelpText('after', `\nExamples:\n${examples}`)
    .action(async (options: O & { json?: true }, self: Command) => {
      printResult(await spec.run(options), options.json === true, self.configureOutput())
    })
  for (const option of spec.options ?? []) command.addOption(option)
  command.option('--json', 'print a single JSON document')
}

/**
 * Parses and runs a command line, and reports errors.
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

/** Handles uncaught exceptions and output errors of the process. */
export function guardProcess(program: Command, args: string[]): void {
  const fail = (error: unknown) => process.exit(report(program, args, error))
  process.on('uncaughtException', fail)
  for (const stream of [process.stdout, process.stderr]) {
    // EPIPE is not a failure: the reader closed the pipe, as `| head` does. A full disk is a failure.
    stream.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || fail(error))
  }
}

const report = (program: Command, args: string[], error: unknown) =>
  reportError(error, args.includes('--json'), program.configureOutput())
