import { cpus } from 'node:os'
import type { Name } from './contenders.js'

/** Summary of several rounds. */
export interface Spread {
  median: number
  min: number
  max: number
}

/** Bounds of a figure. */
export interface Target {
  atLeast?: number
  atMost?: number
  /** Better than required. */
  aim?: number
}

/** Whether a figure reaches its target. */
export interface Verdict extends Target {
  value: number
  verdict: 'reached' | 'aim reached' | 'missed'
}

/** One line of a chart: the rates of a call as something grows. */
export interface Series {
  call: string
  name: Name
  points: { x: number; rate: Spread; rounds: number[] }[]
}

export interface Growth {
  machine: object
  verdicts: Record<string, Verdict>
  ratios: Record<string, number>
  loadSeconds: Record<string, number>
  importsInProject: Series[]
  connections: Series[]
  rows: Series[]
}

/** Measurements of one round, in requests per second or in milliseconds, by `call contender`. */
export type Round = Record<string, number>

export const key = (call: string, name: Name) => `${call} ${name}`

export function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** Describes the machine, which the figures depend on. */
export function describeMachine() {
  const [{ model } = { model: 'unknown' }] = cpus()
  return { cpus: cpus().length, model, node: process.version, platform: `${process.platform} ${process.arch}` }
}
