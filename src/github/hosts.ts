import { parseUrl } from '../parse-url.js'

/**
 * Returns the hosts of the web pages and clone URLs of a GitHub server, each with its port unless that is the default.
 *
 * - `https://api.github.com`: github.com
 * - `https://api.TENANT.ghe.com`: TENANT.ghe.com
 * - `https://HOST/api/v3` (Enterprise Server): HOST
 * - an emulator on localhost: its host, and github.com, which it replaces
 *
 * @param apiUrl GITHUB_API_URL
 * @see https://docs.github.com/en/enterprise-server/rest/quickstart
 * @see https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
 */
export function githubHosts(apiUrl: string): [string, ...string[]] {
  const { host = 'github.com', hostname = '' } = parseUrl(apiUrl) ?? {}
  if (/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return ['github.com', host]
  return [host.replace(/^api\.(?=github\.com$|[^.]+\.ghe\.com$)/, '')]
}
