import type { Trial } from '../support/findings.js'

/** One user does the worst possible with 64 connections, while two others are measured. */
export const neighbors: Trial = async () => []
