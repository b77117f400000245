import type pg from 'pg'
import { createPool } from '../database/connections.js'

/** A person waits longer than a request does. In milliseconds. */
const PATIENCE = { connectTimeout: 5000, answerTimeout: 31_000, statementTimeout: 30_000, lockTimeout: 30_000 }

/** The one connection of a command. */
export function openConnection(connectionString: string): pg.Pool {
  // One that is lost while idle makes the next statement fail, which is where it is reported.
  const onIdleError = () => {}
  return createPool({ connectionString, max: 1, ...PATIENCE, onIdleError })
}
