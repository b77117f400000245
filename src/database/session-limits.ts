/** Limits on the lifetime of sessions in addition to `expires_at`, in milliseconds. Unset means no limit. */
export interface SessionLimits {
  /** Maximum time since the last use. */
  SESSION_IDLE_TIMEOUT?: number
  /** Maximum time since the creation. */
  SESSION_MAX_AGE?: number
}
