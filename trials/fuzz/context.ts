import type pg from 'pg'
import type { User } from './model.js'
import type { Report } from './report.js'

/** What the workers of a run have in common. */
export interface Context {
  port: number
  pool: pg.Pool
  users: User[]
  report: Report
  /** How many requests all workers send together. */
  requests: number
}
