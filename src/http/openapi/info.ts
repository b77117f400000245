import { VERSION } from '../../package.js'

/** Returns the `info` object of an OpenAPI document of this service. */
export const createInfo = (title: string, description: string) => ({
  title,
  version: VERSION,
  description,
  contact: { name: 'The operator of this service' },
  license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
})
