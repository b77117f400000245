#!/usr/bin/env node
import { createProgram, guardProcess, runProgram } from './cli/command.js'
import { addDemoCommand } from './cli/demo.js'
import { addFileCommands } from './cli/file.js'
import { addMigrateCommand } from './cli/migrate.js'
import { addProjectCommands } from './cli/project.js'
import { addResourceCommands } from './cli/resource.js'
import { addSessionCommands } from './cli/session.js'
import { addUserCommands } from './cli/user.js'
import { addUserFileCommands } from './cli/user-file.js'

const program = createProgram()
addMigrateCommand(program)
addUserCommands(program)
addProjectCommands(program)
addUserFileCommands(program)
addFileCommands(program)
addResourceCommands(program)
addSessionCommands(program)
addDemoCommand(program)

const args = process.argv.slice(2)
guardProcess(program, args)
process.exitCode = await runProgram(program, args)
