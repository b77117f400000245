import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { drawChart } from './chart.js'

const folder = new URL('results/', import.meta.url)

/** Saves the results of a full run, and redraws the chart. */
export async function saveResults(name: 'results' | 'growth', found: object): Promise<void> {
  await saveText(`${name}.json`, `${JSON.stringify(found, roundNumbers, 2)}\n`)
  const svg = drawChart(await readResults('results'), await readResults('growth'))
  await saveText('chart.svg', svg)
}

/** Saves a text file in bench/results. */
export async function saveText(file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(file, folder), text)
}

async function readResults<T>(name: string): Promise<T | undefined> {
  const text = await readFile(new URL(`${name}.json`, folder), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}

/** Rounds to four significant digits, which is more than the precision of the measurements. */
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}
