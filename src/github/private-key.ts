import { createPrivateKey } from 'node:crypto'

/**
 * The private key of a GitHub App, as an environment variable can hold it: PEM, PEM with `\n` for its line ends, or base64
 * of PEM.
 * @returns it in PEM (PKCS#8); undefined if it is no RSA private key
 */
export function readPrivateKey(text: string): string | undefined {
  const pem = text.includes('-----BEGIN')
    ? text.replaceAll('\\n', '\n')
    : Buffer.from(text, 'base64').toString('latin1')
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'rsa' ? key.export({ type: 'pkcs8', format: 'pem' }).toString() : undefined
  } catch {
    return undefined
  }
}
