import type { ApiError, ErrorCode } from '../errors.js'

/** The log fields of a security event. */
export interface SecurityEvent {
  event: 'authentication_failed' | 'access_denied' | 'limit_reached' | 'request_refused'
  reason: string
}

const BY_STATUS: Record<number, SecurityEvent['event']> = {
  401: 'authentication_failed',
  403: 'access_denied',
  408: 'limit_reached',
  413: 'limit_reached',
  414: 'limit_reached',
  417: 'request_refused',
  429: 'limit_reached',
  431: 'limit_reached',
}

/** Events that depend on the code. PROJECT_NOT_FOUND may be an attempt to access another user's project. */
const BY_CODE: Partial<Record<ErrorCode, SecurityEvent['event']>> = {
  PROJECT_NOT_FOUND: 'access_denied',
  PROJECT_FULL: 'limit_reached',
  OVERLOADED: 'limit_reached',
}

/**
 * Classifies a response as a security event (OWASP ASVS 5, chapter 16).
 *
 * @param error the error that was sent; null if the status was set without an `ApiError`
 */
export function securityEventOf(status: number, error: ApiError | null): SecurityEvent | undefined {
  const known = error?.statusCode === status ? error : null
  const isInvalidHttp = known?.validationErrors?.some(({ path }) => path === 'request')
  const event = isInvalidHttp ? 'request_refused' : ((known && BY_CODE[known.code]) ?? BY_STATUS[status])
  return event && { event, reason: known?.reason ?? event }
}
