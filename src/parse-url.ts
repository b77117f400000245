/**
 * Parses a URL. Do not use `URL.canParse` instead: in Node 20 and 22 it misreads some strings once V8 has optimized the
 * call (https://github.com/AikidoSec/firewall-node/issues/1086).
 *
 * @returns undefined if the text is not a URL
 */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
