import type pg from 'pg'
import type { User } from './model.js'
import type { Report } from './report.js'

/** Shared state of the workers. */
export interface Context {
  port: number
  pool: pg.Pool
  users: User[]
  report: Report
  /** Total number of requests of all workers. */
  requests: number
}
