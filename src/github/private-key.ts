import { createPrivateKey } from 'node:crypto'

/**
 * Reads the private key of a GitHub App from a setting: PEM, PEM with `\n` for line breaks, or base64 of PEM.
 * @returns the key in PEM (PKCS#8); undefined if it is not an RSA private key
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
