import pg from 'pg'

/** Limits of a Date, which represent `infinity`, `-infinity` and times outside the range of Date. */
const END_OF_TIME = new Date(8.64e15)
const BEGINNING_OF_TIME = new Date(-8.64e15)

/** A time in ISO format and UTC. Excludes years before 1000, because Date.UTC() interprets those below 100 as 19xx. */
const FINITE = /^[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?\+00$/

/** Parses a timestamptz. Faster than the parser of `pg`, since each connection sets UTC and ISO format. */
function readTime(text: string): Date {
  if (FINITE.test(text)) {
    const digit = (index: number) => text.charCodeAt(index) - 48
    const two = (index: number) => 10 * digit(index) + digit(index + 1)
    const end = text.length - '+00'.length
    let milliseconds = 0
    if (end > 20) milliseconds += 100 * digit(20)
    if (end > 21) milliseconds += 10 * digit(21)
    if (end > 22) milliseconds += digit(22)
    return new Date(Date.UTC(100 * two(0) + two(2), two(5) - 1, two(8), two(11), two(14), two(17), milliseconds))
  }
  // The parser returns a number for infinity, an invalid Date for a year outside its range, and null for another
  // DateStyle.
  const time: Date | number | null = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ)(text)
  if (time === null) throw new Error('The DateStyle of the connection was changed: expected ISO')
  const milliseconds = Number(time)
  if (milliseconds < -8.64e15) return BEGINNING_OF_TIME
  return milliseconds <= 8.64e15 ? new Date(milliseconds) : END_OF_TIME
}

/** Type parsers of `pg`, except that times are read by readTime(). */
export const types = {
  getTypeParser: (oid: number, format?: 'text') =>
    oid === pg.types.builtins.TIMESTAMPTZ ? readTime : pg.types.getTypeParser(oid, format),
} as pg.CustomTypesConfig
