import { cpus } from 'node:os'
import type { Name } from './contenders.js'

/** Median, minimum and maximum of several rounds. */
export interface Spread {
  median: number
  min: number
  max: number
}

/** Required bounds of a figure. */
export interface Target {
  atLeast?: number
  atMost?: number
  /** An optional goal that is higher than `atLeast`. */
  aim?: number
}

/** A figure, its target, and whether the figure reaches the target. */
export interface Verdict extends Target {
  value: number
  verdict: 'reached' | 'aim reached' | 'missed'
}

/** A line of a chart: throughput of a call, in requests per second, by size `x`. */
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

/** Measurements of one round, in requests per second or milliseconds. `key` returns the keys. */
export type Round = Record<string, number>

/** Returns the key of a measurement in a round. */
export const key = (call: string, name: Name) => `${call} ${name}`

/** Summarizes values. */
export function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** Describes the machine, since figures depend on it. */
export function describeMachine() {
  const [{ model } = { model: 'unknown' }] = cpus()
  return { cpus: cpus().length, model, node: process.version, platform: `${process.platform} ${process.arch}` }
}
